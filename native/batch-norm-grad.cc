// TrainyardBatchNormGrad: the gradients of TrainyardBatchNorm.
#include "batch-norm.h"

namespace trainyard {
namespace {

// What the gradient before the activation is computed from, beside the one after it: for a ReLU, x is read anyway.
enum class From { gradient, relu_input, relu_output, elu_output };

template <typename T, From from>
struct Gradient {
  const T *dy, *x, *y;
  const float *mean, *scale, *offset;

  ALWAYS_INLINE float at(int64_t index, int64_t column) const {
    const float gradient = load(dy[index]);
    if (from == From::elu_output) return back_through<Activation::elu>(gradient, load(y[index]));
    if (from == From::relu_output) return back_through<Activation::relu>(gradient, load(y[index]));
    if (from == From::gradient) return gradient;
    const float input = fma(load(x[index]) - mean[column], scale[column], offset[column]);
    return back_through<Activation::relu>(gradient, input);
  }
};

// The gradient before the activation, which is that of what was added after the normalization.
template <typename T, From from>
struct ActivationRows {
  const Layout& layout;
  Gradient<T, from> gradient;
  T* result;

  template <Machine machine>
  ALWAYS_INLINE void run_row(int64_t row, int64_t begin, int64_t end) const {
    write_row<machine>(layout, result, row, begin, end, [&](int64_t at, int64_t column) __attribute__((always_inline)) {
      return gradient.at(at, column);
    });
  }
};

// Sums over the batch of the gradients, and of their products with what was normalized less its mean. `rows_before` are
// made of the same rows first.
template <typename T, From from, typename Rows>
struct GradientSumsPass {
  const Layout& layout;
  Rows rows_before;
  Gradient<T, from> gradient;
  const Sums& sums;

  template <Machine machine>
  ALWAYS_INLINE void run(int shard) const {
    const Layout::Part part = layout.part(shard);
    float* const values = sums.of(part.row_shard, 0);
    float* const products = sums.of(part.row_shard, 1);
    std::fill(values + part.first, values + part.whole_last, 0.0f);
    std::fill(products + part.first, products + part.whole_last, 0.0f);
    const float* const mean = gradient.mean;
    const T* const x = gradient.x;
    int64_t row = part.begin;
    for (; row + 4 <= part.whole_end; row += 4) {
      for (int64_t i = 0; i < 4; ++i) rows_before.template run_row<machine>(row + i, part.first, part.whole_last);
      const int64_t a = row * layout.width, b = a + layout.width, c = b + layout.width, d = c + layout.width;
#pragma GCC ivdep
      for (int64_t column = part.first; column < part.whole_last; ++column) {
        const float p = gradient.at(a + column, column), q = gradient.at(b + column, column);
        const float r = gradient.at(c + column, column), s = gradient.at(d + column, column);
        const float k = mean[column];
        values[column] += (p + q) + (r + s);
        products[column] += fma(p, load(x[a + column]) - k, q * (load(x[b + column]) - k)) +
                            fma(r, load(x[c + column]) - k, s * (load(x[d + column]) - k));
      }
    }
    for (; row < part.end; ++row) {
      const int64_t a = row * layout.width, last = part.last(row);
      rows_before.template run_row<machine>(row, part.first, last);
#pragma GCC ivdep
      for (int64_t column = part.first; column < last; ++column) {
        const float p = gradient.at(a + column, column);
        values[column] += p;
        products[column] = fma(p, load(x[a + column]) - mean[column], products[column]);
      }
    }
  }
};

// dx = by_gradient * gradient + by_x * (x - mean) + constant, and what comes to it from elsewhere.
template <typename T, From from, bool adds>
struct InputGradientPass {
  const Layout& layout;
  Gradient<T, from> gradient;
  const float *by_gradient, *by_x, *constant;
  const T* added;
  T* dx;

  template <Machine machine>
  ALWAYS_INLINE void run(int shard) const {
    write_rows<machine>(layout, dx, shard, [&](int64_t at, int64_t column) __attribute__((always_inline)) {
      const float by_statistics = fma(by_x[column], load(gradient.x[at]) - gradient.mean[column], constant[column]);
      const float value = fma(by_gradient[column], gradient.at(at, column), by_statistics);
      return adds ? value + load(added[at]) : value;
    });
  }
};

struct Backward {
  Shape shape;
  const void *dy, *x, *y, *sum_gradient;
  const float *scale, *offset, *mean, *inverse_deviation;
  void *dx, *added_gradient;
  float *scale_gradient, *offset_gradient;
};

template <typename T, From from, typename Rows>
void run(const Backward& op, const Layout& layout, const Rows& rows_before) {
  const auto [count, channels] = op.shape;
  const auto columns = [&](const auto* of) { return repeat(of, op.shape.channels, layout); };
  std::vector<float> scales(channels);
  for (int64_t channel = 0; channel < channels; ++channel)
    scales[channel] = op.scale[channel] * op.inverse_deviation[channel];
  const auto mean = columns(op.mean), scale = columns(scales.data()), offset = columns(op.offset);
  const Gradient<T, from> gradient = {static_cast<const T*>(op.dy), static_cast<const T*>(op.x),
                                      static_cast<const T*>(op.y), mean.data(), scale.data(), offset.data()};
  const Sums sums(layout);
  run_pass(GradientSumsPass<T, from, Rows>{layout, rows_before, gradient, sums}, layout.shards());
  const std::vector<double> values = sums.total(0, channels), products = sums.total(1, channels);
  std::vector<double> by_x(channels), constant(channels);
  for (int64_t channel = 0; channel < channels; ++channel) {
    const double inverse = op.inverse_deviation[channel];
    op.offset_gradient[channel] = static_cast<float>(values[channel]);
    op.scale_gradient[channel] = static_cast<float>(products[channel] * inverse);
    by_x[channel] = -scales[channel] * inverse * inverse * products[channel] / count;
    constant[channel] = -scales[channel] * values[channel] / count;
  }
  const auto by_x_columns = columns(by_x.data()), constants = columns(constant.data());
  const auto pass = [&](auto adds) {
    run_pass(InputGradientPass<T, from, decltype(adds)::value>{
                 layout, gradient, scale.data(), by_x_columns.data(), constants.data(),
                 static_cast<const T*>(op.sum_gradient), static_cast<T*>(op.dx)},
             layout.shards());
  };
  op.sum_gradient ? pass(std::true_type()) : pass(std::false_type());
}

template <typename T, From from>
void run_after_added(Backward op, const Layout& layout) {
  const Gradient<T, from> gradient = {static_cast<const T*>(op.dy), nullptr, static_cast<const T*>(op.y), nullptr, nullptr,
                                      nullptr};
  op.dy = op.added_gradient;
  run<T, From::gradient>(op, layout, ActivationRows<T, from>{layout, gradient, static_cast<T*>(op.added_gradient)});
}

template <typename T>
void run(const Backward& op, Activation activation) {
  const Layout layout(op.shape.values_per_channel, op.shape.channels);
  const bool has_added = op.added_gradient != nullptr;
  switch (activation) {
    case Activation::relu:
      return has_added ? run_after_added<T, From::relu_output>(op, layout) : run<T, From::relu_input>(op, layout, NoRows());
    case Activation::elu:
      return has_added ? run_after_added<T, From::elu_output>(op, layout) : run<T, From::elu_output>(op, layout, NoRows());
    default:
      return has_added ? run_after_added<T, From::gradient>(op, layout) : run<T, From::gradient>(op, layout, NoRows());
  }
}

class BatchNormGrad {
 public:
  explicit BatchNormGrad(TF_OpKernelConstruction* node) : options_(node) {}

  void compute(Call& call) const {
    const TF_Tensor* const x = call.input(1);
    const Shape shape = check_images("x", x);
    const std::vector<int64_t> dims = shape_of(x), vector = {shape.channels};
    Backward op = {};
    op.shape = shape;
    op.dy = same_as(x, "dy", call.input(0));
    op.x = TF_TensorData(x);
    op.y = same_as(x, "y", call.input(2));
    op.scale = of_channels(shape, "scale", call.input(3));
    op.offset = of_channels(shape, "offset", call.input(4));
    op.mean = of_channels(shape, "mean", call.input(5));
    op.inverse_deviation = of_channels(shape, "inverse_deviation", call.input(6));
    if (options_.add == Add::before) op.sum_gradient = same_as(x, "sum_gradient", call.input(7));
    const bool has_added = options_.add == Add::after;
    if (has_added) op.added_gradient = call.output_over(0, 3, dims);
    op.dx = has_added ? call.output(0, TF_TensorType(x), dims) : call.output_over(0, 0, dims);
    op.scale_gradient = static_cast<float*>(call.output(1, TF_FLOAT, vector));
    op.offset_gradient = static_cast<float*>(call.output(2, TF_FLOAT, vector));
    TF_TensorType(x) == TF_FLOAT ? run<float>(op, options_.activation) : run<Bfloat16>(op, options_.activation);
  }

 private:
  Options options_;
};

void infer_shapes(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
  same_shape(context, 0, 0, 4, status);
  for (const int output : {1, 2}) same_shape(context, output, 3, 1, status);
}

const bool registered = register_op<BatchNormGrad>(
    {"TrainyardBatchNormGrad",
     {"dy: T", "x: T", "y: T", "scale: float", "offset: float", "mean: float", "inverse_deviation: float",
      "sum_gradient: sums * T"},
     {"dx: T", "scale_gradient: float", "offset_gradient: float", "added_gradient: addends * T"},
     {"T: {float, bfloat16}", "sums: int >= 0", "addends: int >= 0", "add: string", "activation: string"},
     infer_shapes},
    {TF_FLOAT, TF_BFLOAT16});

}  // namespace
}  // namespace trainyard
