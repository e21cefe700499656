// Reports by nlohmann's JSON, which keeps the order of the entries.
#include <nlohmann/json.hpp>

#include "app/report.hpp"

namespace synbal::app {

using Json = nlohmann::ordered_json;

struct ReportWriter::Tree {
  Json root = Json::object();
  std::vector<Json*> open{&root};  // from the root to where entries go

  template <class T>
  Json& add(const char* key, T&& value) {
    auto& place = *open.back();
    if (!place.is_array()) return place[key] = std::forward<T>(value);
    place.push_back(std::forward<T>(value));
    return place.back();
  }
};

ReportWriter::ReportWriter() : tree_(std::make_unique<Tree>()) {}
ReportWriter::~ReportWriter() = default;

void ReportWriter::put(const char* key, std::string_view value) { tree_->add(key, std::string(value)); }
void ReportWriter::put(const char* key, bool value) { tree_->add(key, value); }
void ReportWriter::put(const char* key, std::int64_t value) { tree_->add(key, value); }
void ReportWriter::put(const char* key, std::uint64_t value) { tree_->add(key, value); }
void ReportWriter::put(const char* key, double value) { tree_->add(key, value); }  // null unless it is finite
void ReportWriter::put_nothing(const char* key) { tree_->add(key, Json(nullptr)); }

void ReportWriter::open(const char* key, bool list) {
  tree_->open.push_back(&tree_->add(key, list ? Json::array() : Json::object()));
}

void ReportWriter::close() { tree_->open.pop_back(); }

// Names of files need not be UTF-8, but JSON has to be.
std::string ReportWriter::json() const {
  return tree_->root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace synbal::app
