#include "io/numpy/dense_rows.hpp"

#include "synbal/network/transport.hpp"

namespace synbal::io {

DenseRows::DenseRows(const Comm& comm, const Network& network, bool across) : own_(network.rows) {
  rows_.row_ptr = network.row_ptr;
  rows_.weight = network.weight;
  rows_.column.reserve(network.column.size());
  for (const auto column : network.column) rows_.column.push_back(network.global(column));
  if (across) rows_ = transpose(comm, own_, rows_);
}

}  // namespace synbal::io
