// TrainyardBatchNorm: batch normalization in training (Ioffe & Szegedy 2015, arXiv:1502.03167) with what stands around
// it in a residual network. With `add` "before", it normalizes sum = x + added; with "after",
// y = activation(normalized + added).
#include "batch-norm.h"

namespace trainyard {
namespace {

template <typename T>
struct AddRows {
  const Layout& layout;
  const T* x;
  const T* added;
  T* sum;

  template <Machine machine>
  ALWAYS_INLINE void run_row(int64_t row, int64_t begin, int64_t end) const {
    write_row<machine>(layout, sum, row, begin, end, [&](int64_t at, int64_t) __attribute__((always_inline)) {
      return load(x[at]) + load(added[at]);
    });
  }
};

// Sums over the batch of what is normalized, and of its squares. From each number `shift`, the first one of its channel,
// is taken off, without which a mean far from 0 would use up the digits of the variance.
// `rows_before` are made of the same rows first.
template <typename T, typename Rows>
struct StatisticsPass {
  const Layout& layout;
  Rows rows_before;
  const T* normalized;
  const float* shift;
  const Sums& sums;

  template <Machine machine>
  ALWAYS_INLINE void run(int shard) const {
    const Layout::Part part = layout.part(shard);
    float* const values = sums.of(part.row_shard, 0);
    float* const squares = sums.of(part.row_shard, 1);
    std::fill(values + part.first, values + part.whole_last, 0.0f);
    std::fill(squares + part.first, squares + part.whole_last, 0.0f);
    int64_t row = part.begin;
    for (; row + 4 <= part.whole_end; row += 4) {
      for (int64_t i = 0; i < 4; ++i) rows_before.template run_row<machine>(row + i, part.first, part.whole_last);
      const T* const a = normalized + row * layout.width;
      const T *const b = a + layout.width, *const c = b + layout.width, *const d = c + layout.width;
#pragma GCC ivdep
      for (int64_t column = part.first; column < part.whole_last; ++column) {
        const float k = shift[column];
        const float p = load(a[column]) - k, q = load(b[column]) - k;
        const float r = load(c[column]) - k, s = load(d[column]) - k;
        values[column] += (p + q) + (r + s);
        squares[column] += fma(p, p, q * q) + fma(r, r, s * s);
      }
    }
    for (; row < part.end; ++row) {
      const int64_t last = part.last(row);
      rows_before.template run_row<machine>(row, part.first, last);
      const T* const a = normalized + row * layout.width;
#pragma GCC ivdep
      for (int64_t column = part.first; column < last; ++column) {
        const float p = load(a[column]) - shift[column];
        values[column] += p;
        squares[column] = fma(p, p, squares[column]);
      }
    }
  }
};

template <typename T, Activation activation, bool adds>
struct NormalizePass {
  const Layout& layout;
  const T* x;
  const T* added;
  T* y;
  const float* mean;
  const float* scale;
  const float* offset;

  template <Machine machine>
  ALWAYS_INLINE void run(int shard) const {
    write_rows<machine>(layout, y, shard, [&](int64_t at, int64_t column) __attribute__((always_inline)) {
      const float normalized = fma(load(x[at]) - mean[column], scale[column], offset[column]);
      return activate<activation>(adds ? normalized + load(added[at]) : normalized);
    });
  }
};

struct Forward {
  Shape shape;
  Options options;
  float epsilon;
  const void *x = nullptr, *added = nullptr;
  const float *scale = nullptr, *offset = nullptr;
  void *y = nullptr, *sum = nullptr;
  float *mean = nullptr, *variance = nullptr, *inverse_deviation = nullptr;
};

template <typename T>
std::vector<float> first_values(const Forward& op) {
  std::vector<float> values(op.shape.channels);
  for (int64_t channel = 0; channel < op.shape.channels; ++channel) {
    values[channel] = load(static_cast<const T*>(op.x)[channel]);
    if (op.options.add == Add::before) values[channel] += load(static_cast<const T*>(op.added)[channel]);
  }
  return values;
}

template <typename T, Activation activation>
void normalize(const Forward& op, const Layout& layout, const T* x, const std::vector<float>& scales) {
  const auto *added = static_cast<const T*>(op.added);
  auto* const y = static_cast<T*>(op.y);
  const auto columns = [&](const float* of) { return repeat(of, op.shape.channels, layout); };
  const auto mean = columns(op.mean), scale = columns(scales.data()), offset = columns(op.offset);
  const auto run = [&](auto adds) {
    run_pass(NormalizePass<T, activation, decltype(adds)::value>{layout, x, added, y, mean.data(), scale.data(),
                                                               offset.data()},
             layout.shards());
  };
  op.options.add == Add::after ? run(std::true_type()) : run(std::false_type());
}

template <typename T>
void run(const Forward& op) {
  const auto [count, channels] = op.shape;
  const Layout layout(count, channels);
  const bool adds_before = op.options.add == Add::before;
  const auto* x = static_cast<const T*>(op.x);
  auto* const sum = static_cast<T*>(op.sum);
  const AddRows<T> sum_rows = {layout, x, static_cast<const T*>(op.added), sum};
  if (adds_before) x = sum;
  const std::vector<float> shift = first_values<T>(op);
  const std::vector<float> shifts = repeat(shift.data(), channels, layout);
  const Sums sums(layout);
  const auto pass = [&](const auto& rows_before) {
    using Rows = std::decay_t<decltype(rows_before)>;
    run_pass(StatisticsPass<T, Rows>{layout, rows_before, x, shifts.data(), sums}, layout.shards());
  };
  adds_before ? pass(sum_rows) : pass(NoRows());

  const std::vector<double> values = sums.total(0, channels), squares = sums.total(1, channels);
  std::vector<float> scales(channels);
  for (int64_t channel = 0; channel < channels; ++channel) {
    const double shifted_mean = values[channel] / count;
    const double difference = squares[channel] / count - shifted_mean * shifted_mean;
    const double variance = difference < 0 ? 0 : difference;
    op.mean[channel] = static_cast<float>(shift[channel] + shifted_mean);
    // with Bessel's correction, for the moving average
    op.variance[channel] = static_cast<float>(variance * count / std::max<int64_t>(count - 1, 1));
    op.inverse_deviation[channel] = static_cast<float>(1 / std::sqrt(variance + op.epsilon));
    scales[channel] = op.scale[channel] * op.inverse_deviation[channel];
  }
  switch (op.options.activation) {
    case Activation::relu: return normalize<T, Activation::relu>(op, layout, x, scales);
    case Activation::elu: return normalize<T, Activation::elu>(op, layout, x, scales);
    default: return normalize<T, Activation::none>(op, layout, x, scales);
  }
}

class BatchNorm {
 public:
  explicit BatchNorm(TF_OpKernelConstruction* node) : options_(node), epsilon_(float_attr(node, "epsilon")) {}

  void compute(Call& call) const {
    const TF_Tensor* const x = call.input(0);
    const Shape shape = check_images("x", x);
    const std::vector<int64_t> dims = shape_of(x), vector = {shape.channels};
    const bool adds = options_.add != Add::none;
    Forward op = {shape, options_, epsilon_};
    op.x = TF_TensorData(x);
    op.scale = of_channels(shape, "scale", call.input(1));
    op.offset = of_channels(shape, "offset", call.input(2));
    if (adds) op.added = same_as(x, "added", call.input(3));
    op.y = options_.add == Add::after ? call.output_over(3, 0, dims) : call.output(0, TF_TensorType(x), dims);
    op.mean = static_cast<float*>(call.output(1, TF_FLOAT, vector));
    op.variance = static_cast<float*>(call.output(2, TF_FLOAT, vector));
    op.inverse_deviation = static_cast<float*>(call.output(3, TF_FLOAT, vector));
    if (options_.add == Add::before) op.sum = call.output_over(3, 4, dims);
    TF_TensorType(x) == TF_FLOAT ? run<float>(op) : run<Bfloat16>(op);
  }

 private:
  Options options_;
  float epsilon_;
};

// The C API cannot tell whether there is a `sum`: its shape stays unknown.
void infer_shapes(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
  // behind a sum, only what was added to it may have a known shape
  const int like_y = TF_ShapeInferenceContextNumInputs(context) > 3 ? 3 : 0;
  same_shape(context, 0, like_y, 4, status);
  for (const int output : {1, 2, 3}) same_shape(context, output, 1, 1, status);
}

const bool registered = register_op<BatchNorm>(
    {"TrainyardBatchNorm",
     {"x: T", "scale: float", "offset: float", "added: addends * T"},
     {"y: T", "batch_mean: float", "batch_variance: float", "inverse_deviation: float", "sum: sums * T"},
     {"T: {float, bfloat16}", "addends: int >= 0", "sums: int >= 0", "add: string", "activation: string",
      "epsilon: float"},
     infer_shapes},
    {TF_FLOAT, TF_BFLOAT16});

}  // namespace
}  // namespace trainyard
