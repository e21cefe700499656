// Sums over components that lie anywhere, against serial ones.
#include <algorithm>

#include "krylov/operators.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal::test {
namespace {

/// n places in `components` components, labels scattered: some leaders have all their places on other ranks.
struct Scattered {
  GlobalIndex n, components;
  Ownership rows;
  std::vector<GlobalIndex> label;

  Scattered(GlobalIndex places, GlobalIndex count) : n(places), components(count), rows(Ownership::even(world(), n)) {
    for (LocalIndex i = 0; i < rows.count(); ++i) label.push_back(label_of(rows.first() + i));
  }
  /// Component c has the label n - 1 - c.
  [[nodiscard]] GlobalIndex label_of(GlobalIndex g) const { return n - 1 - g * 11 % components; }
};

TEST(ComponentSums, equal_serial_ones_few_components_or_many) {
  for (const GlobalIndex count : {1, 3, 40, 700}) {
    const Scattered s(1501, count);
    const ComponentSums sums(world(), s.label, s.rows, s.n - 1);
    EXPECT_EQ(sums.nullity(), count - 1);
    const auto all = noise(s.n, 1);
    std::vector<double> truth(at(s.n), 0.0), size(at(s.n), 0.0);
    for (GlobalIndex g = 0; g < s.n; ++g) {
      const auto l = at(s.label_of(g));
      truth[l] += all[at(g)], size[l] += 1;
    }
    const std::vector<double> own(all.begin() + s.rows.first(), all.begin() + s.rows.first() + s.rows.count());
    const auto found = sums.sum(own);
    auto centred = own;
    sums.center(centred);
    for (std::size_t i = 0; i < own.size(); ++i) {
      const auto l = at(sums.label()[i]), label = at(s.label[i]);
      EXPECT_EQ(sums.grounded(sums.label()[i]), s.label[i] == s.n - 1);
      EXPECT_NEAR(found[l], truth[label], 1e-12 * size[label]);
      EXPECT_EQ(sums.sizes()[l], size[label]);
      const double mean = s.label[i] == s.n - 1 ? 0.0 : truth[label] / size[label];
      EXPECT_NEAR(centred[i], own[i] - mean, 1e-12);
    }
  }
}

TEST(ComponentSums, scalars_travel_along) {
  for (const GlobalIndex count : {2, 900}) {
    const Scattered s(1800, count);
    const ComponentSums sums(world(), s.label, s.rows, -1);
    std::vector<double> partial(2 * at(sums.count()), 0.0), scalars{1.0, 0.5};
    for (const auto l : sums.label()) partial[2 * at(l)] += 1, partial[2 * at(l) + 1] += 2;
    sums.sum(partial, 2, scalars);
    EXPECT_EQ(scalars, (std::vector<double>{1.0 * world().size(), 0.5 * world().size()}));
    for (LocalIndex l = 0; l < sums.count(); ++l) {
      EXPECT_EQ(partial[2 * at(l)], sums.sizes()[at(l)]);
      EXPECT_EQ(partial[2 * at(l) + 1], 2 * sums.sizes()[at(l)]);
    }
  }
}

TEST(ComponentSums, work_without_places) {
  const Scattered s(0, 1);
  const ComponentSums sums(world(), s.label, s.rows, -1);
  EXPECT_EQ(sums.count(), 0);
  EXPECT_EQ(sums.nullity(), 0);
  std::vector<double> nothing, scalar{2.0};
  sums.sum(nothing, 1, scalar);
  EXPECT_EQ(scalar[0], 2.0 * world().size());
}

}  // namespace
}  // namespace synbal::test
