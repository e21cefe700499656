// The families whose rows can be made one by one: each says who the presynaptic partners of a neuron are.
#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "network/generator.hpp"

namespace synbal::generators {

namespace {

/// `degree` synapses in every row.
auto uniform_count(std::int64_t degree) {
  return [degree](GlobalIndex, GlobalIndex count) { return degree * count; };
}

std::uint64_t key(GlobalIndex g) { return static_cast<std::uint64_t>(g); }

/// Non-negative remainder.
GlobalIndex wrapped(GlobalIndex a, GlobalIndex n) { return (a % n + n) % n; }

/// The ring of modules and the synapses between neighbours.
struct ModuleRing {
  CounterRandom random;
  GlobalIndex modules;
  GlobalIndex size;

  /// Two modules are neighbours once, not twice.
  [[nodiscard]] GlobalIndex links() const { return modules == 1 ? 0 : modules == 2 ? 1 : modules; }

  /// Adds the partner that `row` has over the link between modules l and l+1, if it is an end of it.
  void add(GlobalIndex l, GlobalIndex row, std::vector<GlobalIndex>& columns) const {
    const auto here = l * size;
    const auto there = (l + 1) % modules * size;
    add_one(l, 0, here, there, row, columns);
    add_one(l, 1, there, here, row, columns);
  }

 private:
  void add_one(GlobalIndex l, std::uint32_t direction, GlobalIndex from, GlobalIndex to, GlobalIndex row,
               std::vector<GlobalIndex>& columns) const {
    const auto pick = [&](std::uint32_t end) {
      return static_cast<GlobalIndex>(random.below(key(size), key(l), 2 * direction + end));
    };
    if (to + pick(1) == row) columns.push_back(from + pick(0));
  }
};

/// An offset on the sheet.
struct Offset {
  GlobalIndex dy;
  GlobalIndex dx;
};

/// All offsets but (0, 0) within `reach`, each place of the periodic sheet once.
std::vector<Offset> offsets_within(GlobalIndex reach, GlobalIndex width, GlobalIndex height) {
  const auto low = [reach](GlobalIndex side) { return -std::min(reach, (side - 1) / 2); };
  const auto high = [reach](GlobalIndex side) { return std::min(reach, side / 2); };
  std::vector<Offset> offsets;
  for (auto dy = low(height); dy <= high(height); ++dy) {
    for (auto dx = low(width); dx <= high(width); ++dx) {
      const bool inside = reach >= height || dx * dx + dy * dy <= reach * reach;
      if (inside && (dx != 0 || dy != 0)) offsets.push_back({dy, dx});
    }
  }
  return offsets;
}

/// The `degree` nearest offsets; opposite ones follow each other.
std::vector<Offset> nearest_offsets(std::int64_t degree, GlobalIndex width, GlobalIndex height) {
  GlobalIndex reach = 1;
  auto offsets = offsets_within(reach, width, height);
  while (std::ssize(offsets) < degree) {
    reach *= 2;
    offsets = offsets_within(reach, width, height);
  }
  const auto rank = [](const Offset& o) {
    return std::tuple(o.dx * o.dx + o.dy * o.dy, std::abs(o.dy), std::abs(o.dx), o.dx * o.dy < 0, o.dy, o.dx);
  };
  std::sort(offsets.begin(), offsets.end(), [&](const Offset& a, const Offset& b) { return rank(a) < rank(b); });
  offsets.resize(at(degree));
  return offsets;
}

/// The k-th nearest neighbour on the ring: +1, -1, +2, -2, ...
GlobalIndex ring_neighbour(GlobalIndex row, std::int64_t k, GlobalIndex n) {
  const auto distance = k / 2 + 1;
  return wrapped(row + (k % 2 == 0 ? distance : -distance), n);
}

/// Adds a partner that the row does not have yet; after some vain draws the next free one above.
void redirect(const CounterRandom& random, GlobalIndex row, GlobalIndex n, std::uint32_t& draw,
              std::vector<GlobalIndex>& columns) {
  const auto taken = [&](GlobalIndex j) { return j == row || std::binary_search(columns.begin(), columns.end(), j); };
  auto j = static_cast<GlobalIndex>(random.below(key(n), key(row), draw++));
  for (int k = 1; k < 64 && taken(j); ++k) j = static_cast<GlobalIndex>(random.below(key(n), key(row), draw++));
  while (taken(j)) j = (j + 1) % n;
  columns.insert(std::lower_bound(columns.begin(), columns.end(), j), j);
}

}  // namespace

void distinct_below(const CounterRandom& random, std::uint64_t index, GlobalIndex bound, std::int64_t count,
                    std::vector<GlobalIndex>& out) {
  // Drawing exactly what is missing keeps to "the first `count` distinct numbers of the sequence".
  std::uint64_t drawn = 0;
  std::array<std::uint64_t, 2> bits{};
  out.clear();
  while (std::ssize(out) < count) {
    for (auto missing = count - std::ssize(out); missing > 0; --missing, ++drawn) {
      if (drawn % 2 == 0) bits = random.bits(index, static_cast<std::uint32_t>(drawn / 2));
      out.push_back(static_cast<GlobalIndex>((static_cast<unsigned __int128>(bits[drawn % 2]) * key(bound)) >> 64));
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
  }
}

void distinct_partners(const CounterRandom& random, GlobalIndex self, GlobalIndex first, GlobalIndex size,
                       std::int64_t count, std::vector<GlobalIndex>& out) {
  const auto others = size - 1;
  const auto partner = [&](GlobalIndex k) { return first + k + (first + k >= self ? 1 : 0); };
  if (2 * count <= others) {
    distinct_below(random, key(self), others, count, out);
    for (auto& k : out) k = partner(k);
    return;
  }
  // Nearly everybody: choose who is left out, which needs fewer draws.
  std::vector<GlobalIndex> absent;
  distinct_below(random, key(self), others, others - count, absent);
  out.clear();
  auto next = absent.begin();
  for (GlobalIndex k = 0; k < others; ++k) {
    if (next != absent.end() && *next == k) {
      ++next;
    } else {
      out.push_back(partner(k));
    }
  }
}

Family random_family(const GeneratorParams& params) {
  const CounterRandom random(params.seed, kPartners);
  const auto n = *params.nodes;
  const auto degree = *params.degree;
  return {
      [=](GlobalIndex i, std::vector<GlobalIndex>& columns) { distinct_partners(random, i, 0, n, degree, columns); },
      uniform_count(degree)};
}

Family modular_family(const GeneratorParams& params) {
  const CounterRandom random(params.seed, kPartners);
  const auto degree = *params.degree;
  const ModuleRing ring{CounterRandom(params.seed, kLinks), *params.modules,
                        std::max<GlobalIndex>(*params.nodes / *params.modules, 1)};
  const bool coupled = params.coupling > 0.0;
  auto partners = [=](GlobalIndex i, std::vector<GlobalIndex>& columns) {
    const auto module = i / ring.size;
    distinct_partners(random, i, module * ring.size, ring.size, degree, columns);
    if (!coupled) return;
    const auto before = wrapped(module - 1, ring.modules);
    if (module < ring.links()) ring.add(module, i, columns);
    if (before < ring.links() && before != module) ring.add(before, i, columns);
    std::sort(columns.begin(), columns.end());
  };
  auto synapses = [=](GlobalIndex, GlobalIndex count) { return degree * count + 2 * (count / ring.size + 2); };
  return {partners, synapses};
}

Family smallworld_family(const GeneratorParams& params) {
  const CounterRandom rewired(params.seed, kRewired);
  const CounterRandom redirected(params.seed, kRedirected);
  const auto n = *params.nodes;
  const auto degree = *params.degree;
  const double share = params.rewiring;
  auto partners = [=](GlobalIndex i, std::vector<GlobalIndex>& columns) {
    for (std::int64_t k = 0; k < degree; ++k) {
      const bool stays = share == 0.0 || rewired.uniform(key(i), static_cast<std::uint32_t>(k)) >= share;
      if (stays) columns.push_back(ring_neighbour(i, k, n));
    }
    std::sort(columns.begin(), columns.end());
    std::uint32_t draw = 0;
    while (std::ssize(columns) < degree) redirect(redirected, i, n, draw, columns);
  };
  return {partners, uniform_count(degree)};
}

Family lattice_family(const GeneratorParams& params) {
  const auto width = sheet_width(*params.nodes);
  const auto height = *params.nodes / width;
  auto offsets = *params.nodes == 0 ? std::vector<Offset>{} : nearest_offsets(*params.degree, width, height);
  auto partners = [=](GlobalIndex i, std::vector<GlobalIndex>& columns) {
    for (const auto& o : offsets) {
      columns.push_back(wrapped(i / width + o.dy, height) * width + wrapped(i % width + o.dx, width));
    }
    std::sort(columns.begin(), columns.end());
  };
  return {partners, uniform_count(*params.degree)};
}

Family ring_family(const GeneratorParams& params) {
  const auto n = *params.nodes;
  const auto degree = std::min<GlobalIndex>(std::max<GlobalIndex>(n - 1, 0), 2);
  auto partners = [=](GlobalIndex i, std::vector<GlobalIndex>& columns) {
    for (GlobalIndex k = 0; k < degree; ++k) columns.push_back(ring_neighbour(i, k, n));
    std::sort(columns.begin(), columns.end());
  };
  return {partners, uniform_count(degree)};
}

Family dense_family(const GeneratorParams& params) {
  const auto n = *params.nodes;
  auto partners = [=](GlobalIndex i, std::vector<GlobalIndex>& columns) {
    for (GlobalIndex j = 0; j < n; ++j) {
      if (j != i) columns.push_back(j);
    }
  };
  return {partners, uniform_count(std::max<GlobalIndex>(n - 1, 0))};
}

Family layered_family(const GeneratorParams& params) {
  if (*params.nodes == 0) return {[](GlobalIndex, std::vector<GlobalIndex>&) {}, uniform_count(0)};
  const auto starts = layer_starts(params.layers);
  const auto layer = [starts](GlobalIndex i) {
    return at(std::upper_bound(starts.begin(), starts.end(), i) - starts.begin()) - 1;
  };
  auto partners = [=](GlobalIndex i, std::vector<GlobalIndex>& columns) {
    const auto l = layer(i);
    if (l == 0) return;
    for (auto j = starts[l - 1]; j < starts[l]; ++j) columns.push_back(j);
  };
  auto synapses = [=](GlobalIndex first, GlobalIndex count) {
    std::int64_t total = 0;
    for (std::size_t l = 1; l + 1 < starts.size(); ++l) {
      const auto rows = std::min(first + count, starts[l + 1]) - std::max(first, starts[l]);
      total += std::max<GlobalIndex>(rows, 0) * (starts[l] - starts[l - 1]);
    }
    return total;
  };
  return {partners, synapses};
}

}  // namespace synbal::generators
