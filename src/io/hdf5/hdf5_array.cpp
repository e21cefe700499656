// HDF5 does the conversions.
#include "io/hdf5/hdf5_array.hpp"

namespace synbal::io {

namespace {
class DatasetArray final : public NumberArray {
 public:
  DatasetArray(const Hdf5Input& file, Dataset dataset)
      : NumberArray(dataset.name, dataset.length), file_(&file), dataset_(std::move(dataset)) {}
  void read(std::int64_t first, std::int64_t count, double* into) const override {
    file_->read(dataset_, first, count, into);
  }
  void read(std::int64_t first, std::int64_t count, std::int64_t* into) const override {
    file_->read(dataset_, first, count, into);
  }

 private:
  const Hdf5Input* file_;
  Dataset dataset_;
};
}  // namespace

std::unique_ptr<NumberArray> dataset_array(const Hdf5Input& file, Dataset dataset) {
  return std::make_unique<DatasetArray>(file, std::move(dataset));
}

}  // namespace synbal::io
