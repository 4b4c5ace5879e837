// What the forward and the backward pass of TrainyardBatchNorm share.
//
// The channels are the last dimension, so a tensor is rows of numbers in which the channels repeat. Rows are made as
// long as vectors need, whatever the number of channels is.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "op.h"
#include "passes.h"

namespace trainyard {

enum class Activation { none, relu, elu };
// A second tensor that is added: to what is normalized, or to what has been normalized.
enum class Add { none, before, after };

// How a tensor is cut into shards: by its size alone (parallel.h).
struct Layout {
  int64_t width;
  // whole rows, and the numbers after them
  int64_t rows;
  int64_t rest;
  int row_shards;
  int column_shards;

  Layout(int64_t values_per_channel, int64_t channels) {
    width = std::lcm<int64_t>(channels, 16);
    while (width < 512) width *= 2;
    const int64_t size = values_per_channel * channels;
    rows = size / width;
    rest = size % width;
    // each shard of rows has sums of its own, which cost as much as a few rows
    row_shards = static_cast<int>(std::clamp<int64_t>(rows / 128, 1, 64));
    column_shards = static_cast<int>(std::clamp<int64_t>(16 / row_shards, 1, width / 128));
  }

  int shards() const { return row_shards * column_shards; }

  // The rows of a shard, the last of which may be the numbers after the last whole row; of each, the columns from
  // `first` to `last(row)`.
  struct Part {
    int row_shard;
    int64_t begin, end, whole_end;
    int64_t first, whole_last, rest_last;

    ALWAYS_INLINE int64_t last(int64_t row) const { return row < whole_end ? whole_last : rest_last; }
  };

  ALWAYS_INLINE Part part(int shard) const {
    const int row_shard = shard / column_shards, column_shard = shard % column_shards;
    const int64_t begin = rows * row_shard / row_shards, end = rows * (row_shard + 1) / row_shards;
    const int64_t first = width / 16 * column_shard / column_shards * 16;
    const int64_t last = width / 16 * (column_shard + 1) / column_shards * 16;
    const bool has_rest = end == rows && rest > first;
    return {row_shard, begin, has_rest ? end + 1 : end, end, first, last, std::min(rest, last)};
  }
};

// Two sums of each column for each shard of rows, and of each channel: in order, and in double.
class Sums {
 public:
  explicit Sums(const Layout& layout)
      : width_(layout.width), shards_(layout.row_shards), partial_(new float[2 * width_ * shards_]) {}

  // Not set before.
  ALWAYS_INLINE float* of(int row_shard, int which) const { return &partial_[(2 * row_shard + which) * width_]; }

  std::vector<double> total(int which, int64_t channels) const {
    std::vector<double> totals(channels);
    for (int shard = 0; shard < shards_; ++shard) {
      const float* const partial = of(shard, which);
      for (int64_t at = 0; at < width_; at += channels)
        for (int64_t channel = 0; channel < channels; ++channel) totals[channel] += partial[at + channel];
    }
    return totals;
  }

 private:
  int64_t width_;
  int shards_;
  std::unique_ptr<float[]> partial_;
};

// Writes value(index, column) to each number of a row from column `begin` to `end`.
template <Machine machine, typename T, typename Value>
ALWAYS_INLINE void write_row(const Layout& layout, T* to, int64_t row, int64_t begin, int64_t end, const Value& value) {
  for (int64_t first = begin; first < end; first += buffer_size) {
    const int64_t at = row * layout.width + first, count = std::min(end - first, buffer_size);
    float buffer[buffer_size];
    float* const out = output(to + at, buffer);
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) out[i] = value(at + i, first + i);
    finish<machine>(out, to + at, count);
  }
}

// The same of all rows of a shard.
template <Machine machine, typename T, typename Value>
ALWAYS_INLINE void write_rows(const Layout& layout, T* to, int shard, const Value& value) {
  const Layout::Part part = layout.part(shard);
  for (int64_t row = part.begin; row < part.end; ++row)
    write_row<machine>(layout, to, row, part.first, part.last(row), value);
}

// A pass that makes no rows for itself first.
struct NoRows {
  template <Machine machine>
  ALWAYS_INLINE void run_row(int64_t, int64_t, int64_t) const {}
};

// A number for each column, from one for each channel.
template <typename From>
std::vector<float> repeat(const From* channels, int64_t count, const Layout& layout) {
  std::vector<float> columns(layout.width);
  for (int64_t at = 0; at < layout.width; at += count)
    for (int64_t channel = 0; channel < count; ++channel) columns[at + channel] = static_cast<float>(channels[channel]);
  return columns;
}

// exp(value) - 1 for values up to 0, within two units in the last place, also near 0.
ALWAYS_INLINE float exp_minus_1(float value) {
  const float clamped = value < -87.0f ? -87.0f : value;
  // adding 1.5 * 2^23 rounds to an integer
  const float power = fma(clamped, 1.44269504f, 12582912.0f) - 12582912.0f;
  const float rest = fma(power, 2.12194440e-4f, fma(power, -0.693359375f, clamped));
  float series = 1.98412698e-4f;
  series = fma(series, rest, 1.38888889e-3f);
  series = fma(series, rest, 8.33333333e-3f);
  series = fma(series, rest, 4.16666667e-2f);
  series = fma(series, rest, 1.66666667e-1f);
  series = fma(series, rest, 0.5f);
  const float scale = float_of(static_cast<uint32_t>(static_cast<int32_t>(power) + 127) << 23);
  return fma(scale, fma(rest * rest, series, rest), scale - 1.0f);
}

// Keeps NaN, so that a loss shows it.
template <Activation activation>
ALWAYS_INLINE float activate(float value) {
  if (activation == Activation::relu) return value <= 0.0f ? 0.0f : value;
  if (activation == Activation::elu) {
    const float below = exp_minus_1(value < 0.0f ? value : 0.0f);
    return value < 0.0f ? below : value;
  }
  return value;
}

// The gradient before the activation, by the one after it and the activation's output.
template <Activation activation>
ALWAYS_INLINE float back_through(float gradient, float output) {
  if (activation == Activation::relu) return output > 0.0f ? gradient : 0.0f;
  if (activation == Activation::elu) return gradient * (output < 0.0f ? output + 1.0f : 1.0f);
  return gradient;
}

struct Shape {
  int64_t values_per_channel;
  int64_t channels;
};

// What a node of either op says of itself.
struct Options {
  Activation activation;
  Add add;

  explicit Options(TF_OpKernelConstruction* node)
      : activation(one_of<Activation>(node, "activation", {"none", "relu", "elu"})),
        add(one_of<Add>(node, "add", {"none", "before", "after"})) {}

  template <typename Enum>
  static Enum one_of(TF_OpKernelConstruction* node, const char* attr, const std::vector<std::string>& names) {
    const std::string name = string_attr(node, attr);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) throw Failure(TF_INVALID_ARGUMENT, std::string(attr) + " is '" + name + "'");
    return static_cast<Enum>(found - names.begin());
  }
};

inline Shape check_images(const char* what, const TF_Tensor* tensor) {
  const std::vector<int64_t> shape = shape_of(tensor);
  if (shape.size() != 4 || TF_TensorElementCount(tensor) == 0)
    throw Failure(TF_INVALID_ARGUMENT, std::string(what) + " has the shape " + describe(shape) +
                                           ", expected [n, height, width, channels] with a value for each channel");
  return {TF_TensorElementCount(tensor) / shape[3], shape[3]};
}

inline const void* same_as(const TF_Tensor* x, const char* what, const TF_Tensor* tensor) {
  if (shape_of(tensor) != shape_of(x))
    throw Failure(TF_INVALID_ARGUMENT, std::string(what) + " has the shape " + describe(shape_of(tensor)) +
                                           ", expected that of x, " + describe(shape_of(x)));
  return TF_TensorData(tensor);
}

inline const float* of_channels(const Shape& shape, const char* what, const TF_Tensor* tensor) {
  if (shape_of(tensor) != std::vector<int64_t>{shape.channels})
    throw Failure(TF_INVALID_ARGUMENT, std::string(what) + " has the shape " + describe(shape_of(tensor)) +
                                           ", expected " + describe({shape.channels}));
  return static_cast<const float*>(TF_TensorData(tensor));
}

}  // namespace trainyard
