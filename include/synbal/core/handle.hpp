// One move-only owner for every C library object.
#pragma once

#include <utility>

#include "synbal/core/error.hpp"

namespace synbal {

/// Owns a C handle. `Traits` has `static T null()` and `static void destroy(T) noexcept`.
template <class T, class Traits>
class Handle {
 public:
  Handle() = default;
  /// Takes ownership; throws internal_error when the handle is null.
  static Handle adopt(T raw) {
    if (raw == Traits::null()) throw internal_error("a library returned an empty handle");
    Handle h;
    h.raw_ = raw;
    return h;
  }
  Handle(Handle&& other) noexcept : raw_(std::exchange(other.raw_, Traits::null())) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { reset(); }

  [[nodiscard]] T get() const noexcept { return raw_; }
  explicit operator bool() const noexcept { return raw_ != Traits::null(); }
  void reset() noexcept {
    if (raw_ != Traits::null()) Traits::destroy(std::exchange(raw_, Traits::null()));
  }

 private:
  T raw_ = Traits::null();
};

}  // namespace synbal
