// Malformed Matrix Market texts.
#include "bad_files.hpp"

#include <zlib.h>

#include <fstream>

namespace synbal::test {

namespace {
const std::string kReal = "%%MatrixMarket matrix coordinate real general\n";

BadFile text_file(const std::string& name, const std::string& bytes, const std::string& word) {
  return {name, [bytes](const std::string& path) { std::ofstream(path, std::ios::binary) << bytes; }, 3, word};
}

std::string banner(const std::string& words) { return "%%MatrixMarket " + words + "\n"; }

/// A file of two good entries and then `line`, which is line 5.
std::string with_line(const std::string& line) { return kReal + "3 3 3\n1 2 0.5\n2 3 0.25\n" + line; }

std::string many_lines(int count, int wrong, const std::string& line, const std::string& end) {
  std::string text = kReal + "100 100 " + std::to_string(count) + "\n";
  for (int k = 0; k < count; ++k) {
    text += k == wrong ? line : std::to_string(k % 100 + 1) + " " + std::to_string(k * 7 % 100 + 1) + " 1.5";
    text += end;
  }
  return text;
}

std::string rubbish(std::size_t size) {
  std::string bytes;
  for (std::uint32_t state = 12345; bytes.size() < size;) {
    state = state * 1664525U + 1013904223U;
    bytes += static_cast<char>(state >> 24);
  }
  return bytes;
}

std::vector<BadFile> bad_headers() {
  return {
      text_file("empty.mtx", "", "empty"),
      text_file("newline.mtx", "\n", "line 1"),
      text_file("no_banner.mtx", "3 3 1\n1 2 3\n", "line 1"),
      text_file("short_banner.mtx", banner("matrix"), "line 1"),
      text_file("complex.mtx", banner("matrix coordinate complex general") + "1 1 1\n1 1 1 0\n", "complex"),
      text_file("hermitian.mtx", banner("matrix coordinate real hermitian") + "1 1 1\n1 1 1\n", "hermitian"),
      text_file("unknown_format.mtx", banner("matrix coord real general") + "1 1 1\n1 1 1\n", "coord"),
      text_file("unknown_field.mtx", banner("matrix coordinate quaternion general") + "1 1 1\n1 1 1\n", "quaternion"),
      text_file("unknown_symmetry.mtx", banner("matrix coordinate real diagonal") + "1 1 1\n1 1 1\n", "diagonal"),
      text_file("vector.mtx", banner("vector coordinate real general") + "1 1\n1 1\n", "vector"),
      text_file("pattern_array.mtx", banner("matrix array pattern general") + "1 1\n1\n", "pattern"),
      text_file("pattern_skew.mtx", banner("matrix coordinate pattern skew-symmetric") + "2 2 1\n2 1\n", "pattern"),
      text_file("six_words.mtx", banner("matrix coordinate real general twice") + "1 1 1\n1 1 1\n", "line 1"),
      text_file("cr_only.mtx", "%%MatrixMarket matrix coordinate real general\r1 1 1\r1 1 1\r", "line 1"),
      text_file("rectangular.mtx", kReal + "3 4 1\n1 2 3\n", "not square"),
      text_file("no_size_line.mtx", kReal + "% only\n% comments\n", "size line"),
      text_file("banner_only.mtx", kReal, "size line"),
      text_file("size_text.mtx", kReal + "three 3 1\n1 2 3\n", "line 2"),
      text_file("size_two_numbers.mtx", kReal + "%\n3 3\n1 2 3\n", "line 3"),
      text_file("size_four_numbers.mtx", kReal + "3 3 1 1\n1 2 3\n", "line 2"),
      text_file("size_negative.mtx", kReal + "-3 -3 1\n1 2 3\n", "negative"),
      text_file("entries_negative.mtx", kReal + "3 3 -1\n1 2 3\n", "negative"),
      text_file("size_overflow.mtx", kReal + "99999999999999999999 99999999999999999999 1\n1 2 3\n", "64 bits"),
      text_file("size_enormous.mtx", kReal + "9000000000000000000 9000000000000000000 0\n", "announces"),
      text_file("size_implausible.mtx", kReal + "4000000000 4000000000 1\n1 2 3\n", "announces"),
      text_file("array_enormous.mtx", banner("matrix array real general") + "9000000000 9000000000\n1\n", "too large"),
      text_file("long_banner.mtx", std::string("%%MatrixMarket").append(std::size_t{3} << 20, 'x'), "line 1"),
      text_file("long_comment.mtx", kReal + "%" + std::string(3 << 20, 'x') + "\n1 1 1\n1 1 1\n", "line 2"),
  };
}

std::vector<BadFile> bad_lines() {
  return {
      text_file("fewer_entries.mtx", kReal + "3 3 5\n1 2 0.5\n2 3 0.25\n", "announces 5"),
      text_file("more_entries.mtx", kReal + "3 3 1\n1 2 0.5\n2 3 0.25\n3 1 1\n", "announces 1"),
      text_file("no_entries.mtx", kReal + "3 3 2\n", "announces 2"),
      text_file("unannounced_entry.mtx", kReal + "3 3 0\n1 2 0.5\n", "announces 0"),
      text_file("cut_in_a_line.mtx", with_line("3"), "line 5"),
      text_file("index_zero.mtx", with_line("0 1 1\n"), "line 5"),
      text_file("column_zero.mtx", with_line("1 0 1\n"), "counts from 1"),
      text_file("row_too_large.mtx", with_line("4 1 1\n"), "row index 4"),
      text_file("column_too_large.mtx", with_line("1 4 1\n"), "column index 4"),
      text_file("index_negative.mtx", with_line("-1 1 1\n"), "line 5"),
      text_file("index_overflow.mtx", with_line("1 18446744073709551617 1\n"), "64 bits"),
      text_file("index_text.mtx", with_line("one 1 1\n"), "'one'"),
      text_file("index_fraction.mtx", with_line("1.5 1 1\n"), "'1.5'"),
      text_file("value_text.mtx", with_line("1 1 weight\n"), "'weight'"),
      text_file("value_nan.mtx", with_line("1 1 NaN\n"), "NaN"),
      text_file("value_inf.mtx", with_line("1 1 Inf\n"), "infinite"),
      text_file("value_minus_inf.mtx", with_line("1 1 -infinity\n"), "infinite"),
      text_file("value_overflow.mtx", with_line("1 1 1e400\n"), "overflow"),
      text_file("value_underflow.mtx", with_line("1 1 1e-400\n"), "underflow"),
      text_file("value_hexadecimal.mtx", with_line("1 1 0x10\n"), "line 5"),
      text_file("value_comma.mtx", with_line("1 1 1,5\n"), "line 5"),
      text_file("value_two_letters.mtx", with_line("1 1 1.0DE+00\n"), "line 5"),
      text_file("value_two_signs.mtx", with_line("1 1 +-1\n"), "line 5"),
      text_file("value_sign_only.mtx", with_line("1 1 +\n"), "line 5"),
      text_file("no_value.mtx", with_line("1 1\n"), "lacks the value"),
      text_file("no_column.mtx", with_line("1\n"), "lacks the column index"),
      text_file("junk_behind.mtx", with_line("1 1 1 % note\n"), "something after"),
      text_file("nul_byte.mtx", with_line(std::string("1 1 1\0\n", 7)), "line 5"),
      text_file("integer_with_fraction.mtx", banner("matrix coordinate integer general") + "1 1 1\n1 1 1.5\n",
                "line 3"),
      text_file("pattern_with_value.mtx", banner("matrix coordinate pattern general") + "1 1 1\n1 1 1.5\n", "line 3"),
      text_file("symmetric_upper.mtx", banner("matrix coordinate real symmetric") + "2 2 2\n1 2 1.5\n2 1 1.5\n",
                "diagonal"),
      text_file("carriage_returns.mtx", "%%MatrixMarket matrix coordinate real general\r2 2 1\r1 2 1\r", "tr '"),
      text_file("gzip_inside.mtx", gzipped("%%MatrixMarket"), ".mtx.gz"),
      text_file("exponent_alone.mtx", banner("matrix coordinate real general") + "2 2 1\n1 2 1D\n", "not a number"),
      text_file("skew_array_diagonal.mtx", banner("matrix array real skew-symmetric") + "2 2\n1\n2\n0\n", "diagonal"),
      text_file("skew_diagonal.mtx", banner("matrix coordinate real skew-symmetric") + "2 2 1\n2 2 1.5\n", "diagonal"),
      text_file("long_line.mtx", with_line("1 1 " + std::string(3 << 20, '1')), "line 5"),
      text_file("long_blank_line.mtx", with_line(std::string("1 1 1\n").insert(0, 3 << 20, ' ')), "line 5"),
      text_file("deep_error.mtx", many_lines(5000, 4711, "1 x 1", "\n"), "line 4714"),
      text_file("deep_error_crlf.mtx", many_lines(5000, 2500, "1 101 1", "\r\n"), "line 2503"),
      text_file("first_of_two_errors.mtx", many_lines(4000, 1, "nothing", "\n") + "0 0 0\n", "line 4"),
      text_file("array_short.mtx", banner("matrix array real general") + "2 2\n1\n2\n3\n", "announces 4"),
      text_file("array_long.mtx", banner("matrix array real symmetric") + "2 2\n1\n2\n3\n4\n", "announces 3"),
      text_file("array_text.mtx", banner("matrix array real general") + "2 2\n1\n2\nx\n4\n", "line 5"),
      text_file("array_two_in_a_line.mtx", banner("matrix array real general") + "2 2\n1 2\n3 4\n", "line 3"),
      text_file("binary.mtx", rubbish(20000), "line 1"),
      text_file("binary_behind_header.mtx", kReal + "100 100 500\n" + rubbish(20000), "line"),
      text_file("utf16.mtx", std::string("\xff\xfe%\0%\0M\0a\0\n\0", 12), "line 1"),
      text_file("zeros.mtx", std::string(100000, '\0'), "line 1"),
      text_file("hdf5_inside.mtx", "\x89HDF\r\n\x1a\n" + rubbish(500), "line 1"),
      text_file("duplicate_banner.mtx", kReal + kReal + kReal, "size line"),
  };
}

std::vector<BadFile> bad_compressed() {
  const auto good = gzipped(many_lines(5000, -1, "", "\n"));
  auto flipped = good;
  for (std::size_t k = flipped.size() / 2; k < flipped.size() / 2 + 20; ++k)
    flipped[k] = static_cast<char>(~flipped[k]);
  std::string long_line(9 << 20, '1');
  long_line[1] = long_line[3] = ' ';
  auto wrong_sum = good;
  wrong_sum[wrong_sum.size() - 6] = static_cast<char>(~wrong_sum[wrong_sum.size() - 6]);
  return {
      text_file("empty_file.mtx.gz", "", "gzip"),
      text_file("plain_text.mtx.gz", with_line("1 1 1\n"), "gzip"),
      text_file("nothing_inside.mtx.gz", gzipped(""), "empty"),
      text_file("truncated.mtx.gz", good.substr(0, good.size() / 2), "truncated"),
      text_file("truncated_at_end.mtx.gz", good.substr(0, good.size() - 3), "truncated"),
      text_file("flipped.mtx.gz", flipped, "damaged"),
      text_file("wrong_checksum.mtx.gz", wrong_sum, "damaged"),
      text_file("header_only.mtx.gz", good.substr(0, 10), "truncated"),
      text_file("bad_line.mtx.gz", gzipped(many_lines(5000, 4711, "1 x 1", "\n")), "line 4714"),
      text_file("bad_line_far.mtx.gz", gzipped(many_lines(300000, 299990, "1 x 1", "\n")), "line 299993"),
      text_file("more_entries.mtx.gz", gzipped(kReal + "3 3 1\n1 2 0.5\n2 3 0.25\n"), "announces 1"),
      text_file("long_line.mtx.gz", gzipped(with_line(long_line)), "line 5"),
      text_file("huge_size.mtx.gz", gzipped(kReal + "9000000000000000000 9000000000000000000 0\n"), "announces"),
  };
}
}  // namespace

std::string gzipped(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::vector<BadFile> bad_matrix_market_files() {
  auto all = bad_headers();
  for (auto&& more : {bad_lines(), bad_compressed()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace synbal::test
