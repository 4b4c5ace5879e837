// Two ops on gradients: TrainyardAccumulate adds those of a batch to sums, and TrainyardSquares adds up the squares of
// all, for clipping by their norm.
#include "gradients.h"

#include <numeric>

#include "owned-memory.h"

namespace trainyard {

GradientOptions::GradientOptions(TF_OpKernelConstruction* node)
    : weights(int_attr(node, "N")),
      batches(int_attr(node, "batches")),
      l2(floats_attr(node, "l2")),
      share(float_attr(node, "share")),
      largest(float_attr(node, "largest")) {
  if (static_cast<int>(l2.size()) != weights) throw invalid("l2 needs a number for each weight");
  if (batches > max_batches) {
    throw invalid(std::to_string(batches) + " batches are too many at once, the most are " +
                  std::to_string(max_batches));
  }
}

OpDefinition define_op(const char* name, const std::vector<const char*>& inputs,
                       const std::vector<const char*>& attrs) {
  OpDefinition op = {name,
                     {"weights: N * float", "gradients: types"},
                     {},
                     {"N: int >= 1", "types: list({float, bfloat16}) >= 1", "batches: int >= 1 = 1",
                      "l2: list(float)", "share: float = 1", "largest: float = 0"},
                     [](TF_ShapeInferenceContext*, TF_Status*) {},
                     true};
  op.inputs.insert(op.inputs.end(), inputs.begin(), inputs.end());
  op.attrs.insert(op.attrs.end(), attrs.begin(), attrs.end());
  return op;
}

void check_sizes(const Inputs& inputs, int first, const std::vector<int32_t>& of) {
  for (size_t i = 0; i < of.size(); ++i) {
    const int input = first + static_cast<int>(i);
    if (inputs.size(input) == inputs.size(of[i])) continue;
    throw invalid("input " + std::to_string(input) + " has " + std::to_string(inputs.size(input)) +
                  " elements, weight " + std::to_string(of[i]) + " has " + std::to_string(inputs.size(of[i])));
  }
}

void check_sizes(const Inputs& inputs, int first, int weights) {
  std::vector<int32_t> all(weights);
  std::iota(all.begin(), all.end(), 0);
  check_sizes(inputs, first, all);
}

void check_owned(const Inputs& inputs, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    if (inputs.size(i) > 0 && !is_owned(inputs.data(i))) {
      throw invalid("the memory of input " + std::to_string(i) +
                    " may have other readers: whatever assigns the variable has to end with TrainyardOwn");
    }
  }
}

int inputs_of_each(int inputs, const GradientOptions& options) {
  if (inputs < 0 || inputs % options.weights != 0) throw invalid("the numbers of inputs do not fit");
  return inputs / options.weights;
}

Gradients::Gradients(const GradientOptions& options, const Inputs& inputs, int sums, int sum_count) : starts_{0} {
  const int count = options.weights;
  for (int batch = 0; batch < options.batches; ++batch) check_sizes(inputs, count + batch * count, count);
  for (int sum = 0; sum < sum_count; ++sum) check_sizes(inputs, sums + sum * count, count);
  for (int i = 0; i < count; ++i) {
    const TF_DataType type = inputs.type(count + i);
    Gradient gradient = {{}, type == TF_BFLOAT16, inputs.floats(i), {}, options.l2[i], options.share, options.largest};
    for (int batch = 0; batch < options.batches; ++batch) {
      const int input = count + batch * count + i;
      if (inputs.type(input) != type) throw invalid("the gradients of a weight have different types");
      gradient.values.push_back(inputs.data(input));
    }
    for (int sum = 0; sum < sum_count; ++sum) gradient.sums.push_back(inputs.floats(sums + sum * count + i));
    each_.push_back(gradient);
    starts_.push_back(starts_.back() + inputs.size(i));
  }
}

namespace {

struct AccumulatePass {
  const Gradients& gradients;
  const Inputs& inputs;
  // the first of the totals
  int totals;

  template <Machine>
  ALWAYS_INLINE void run(int shard) const {
    gradients.for_each_block(shard, [&](size_t i, int64_t begin, int count) __attribute__((always_inline)) {
      float sum[block_size];
      gradients[i].read(begin, count, sum);
      std::memcpy(inputs.floats(totals + static_cast<int>(i)) + begin, sum, count * sizeof(float));
    });
  }
};

// Behind weights and gradients: sums, some for each weight; totals: N * float, which become gradients and sums together.
// A total may be a sum itself.
struct Accumulate {
  const GradientOptions options;

  explicit Accumulate(TF_OpKernelConstruction* node) : options(node) {}

  void compute(Call& call) const {
    const Inputs inputs(call);
    const int sums = (1 + options.batches) * options.weights;
    const int totals = inputs.count() - options.weights;
    check_owned(inputs, totals, options.weights);
    check_sizes(inputs, totals, options.weights);
    const Gradients gradients(options, inputs, sums, inputs_of_each(totals - sums, options));
    run_pass(AccumulatePass{gradients, inputs, totals}, gradients.shards());
  }
};

// as many sums as the widest processor adds up at once, so that all add in the same order
constexpr int lanes = 16;

struct SquaresPass {
  const Gradients& gradients;
  // `lanes` of each shard
  float* squares;

  template <Machine>
  ALWAYS_INLINE void run(int shard) const {
    float sums[lanes] = {};
    gradients.for_each_block(shard, [&](size_t i, int64_t begin, int count) __attribute__((always_inline)) {
      float block[block_size];
      gradients[i].read(begin, count, block);
      int at = 0;
      for (; at + lanes <= count; at += lanes) {
        for (int lane = 0; lane < lanes; ++lane) sums[lane] += block[at + lane] * block[at + lane];
      }
      for (int lane = 0; at < count; ++at, ++lane) sums[lane] += block[at] * block[at];
    });
    std::memcpy(squares + static_cast<int64_t>(shard) * lanes, sums, sizeof(sums));
  }
};

// sums behind weights and gradients, some for each weight; → squares: float
struct Squares {
  const GradientOptions options;

  explicit Squares(TF_OpKernelConstruction* node) : options(node) {}

  void compute(Call& call) const {
    const Inputs inputs(call);
    const int sums = (1 + options.batches) * options.weights;
    const Gradients gradients(options, inputs, sums, inputs_of_each(inputs.count() - sums, options));
    std::vector<float> squares(static_cast<size_t>(gradients.shards()) * lanes);
    run_pass(SquaresPass{gradients, squares.data()}, gradients.shards());
    *static_cast<float*>(call.output(0, TF_FLOAT, {})) =
        static_cast<float>(std::accumulate(squares.begin(), squares.end(), 0.0));
  }
};

void infer_scalar(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* const scalar = TF_ShapeInferenceContextScalar(context);
  TF_ShapeInferenceContextSetOutput(context, 0, scalar, status);
  TF_DeleteShapeHandle(scalar);
}

OpDefinition define_squares() {
  OpDefinition op = define_op("TrainyardSquares", {"sums: S * float"}, {"S: int >= 0"});
  op.outputs = {"squares: float"};
  op.infer_shapes = infer_scalar;
  op.is_stateful = false;
  return op;
}

const bool registered =
    register_op<Accumulate>(define_op("TrainyardAccumulate", {"sums: S * float", "totals: N * float"}, {"S: int >= 0"}), {}) &&
    register_op<Squares>(define_squares(), {});

}  // namespace
}  // namespace trainyard
