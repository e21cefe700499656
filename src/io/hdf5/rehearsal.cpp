// Every object is opened, and asked for an attribute that it has not: that reads the messages of all.
#include "io/hdf5/rehearsal.hpp"

#include "io/hdf5/hdf5_file.hpp"
#include "io/hdf5/in_child.hpp"

namespace synbal::io {

namespace {
constexpr int kMostObjects = 2000;

void look_at(hid_t place, const char* name) {
  const auto object = H5Oopen(place, name, H5P_DEFAULT);
  if (object < 0) return;
  H5Aexists(object, "none of that name");
  H5Oclose(object);
}

herr_t visit(hid_t place, const char* name, const H5L_info_t* link, void* left) {
  if (link->type == H5L_TYPE_HARD) look_at(place, name);
  return --*static_cast<int*>(left) > 0 ? 0 : 1;
}
}  // namespace

bool is_deadly(const InputFile& file) {
  return dies_in_child([&] {
    const auto opened = Hdf5Input::open_serial(file);
    look_at(opened.id(), "/");
    int left = kMostObjects;
    H5Lvisit(opened.id(), H5_INDEX_NAME, H5_ITER_NATIVE, visit, &left);
  });
}

}  // namespace synbal::io
