// TrainyardUpdate: the step of an optimiser on N weights, in one pass over memory. It reads gradients, changes weights,
// slots and moving averages in place, and writes the bfloat16 copies of weights that the next step computes with.
//
// Each element is computed as TensorFlow's ops compute it (ResourceApplyAdam and others), operation by operation, so
// the bytes are those of the stock ops, for any number of threads. test/training/one-pass-update.test.ts compares.
#include <cmath>

#include "gradients.h"
#include "owned-memory.h"

namespace trainyard {
namespace {

// Inputs behind weights and gradients: slots (N of the first, then N of the second), sums (N of the first to add, then
// N of the second), averages, copies, scalars.
enum Scalar { learning_rate, gradient_scale, average_rate, beta1_power, beta2_power, scalar_count };

struct Numbers {
  float momentum;
  float beta1;
  float beta2;
  float decay;
  float epsilon;
};

// A rule computes an element of a weight and of its slots from the gradient. It is made for each run.

struct Descent {
  static constexpr int slots = 0;
  const float rate;

  Descent(const Numbers&, float rate) : rate(rate) {}
  ALWAYS_INLINE void operator()(float g, float& w) const { w -= g * rate; }
};

struct Momentum {
  static constexpr int slots = 1;
  const float rate, momentum;

  Momentum(const Numbers& numbers, float rate) : rate(rate), momentum(numbers.momentum) {}
  ALWAYS_INLINE void operator()(float g, float& w, float& sum) const {
    sum = sum * momentum + g;
    w -= sum * rate;
  }
};

struct Nesterov : Momentum {
  using Momentum::Momentum;
  ALWAYS_INLINE void operator()(float g, float& w, float& sum) const {
    sum = sum * momentum + g;
    w -= g * rate + sum * momentum * rate;
  }
};

// `rate` is corrected for moments that start from 0.
struct Adam {
  static constexpr int slots = 2;
  const float rate, share, square_share, epsilon;

  Adam(const Numbers& numbers, float rate)
      : rate(rate), share(1 - numbers.beta1), square_share(1 - numbers.beta2), epsilon(numbers.epsilon) {}
  ALWAYS_INLINE void operator()(float g, float& w, float& mean, float& mean_square) const {
    mean += (g - mean) * share;
    mean_square += (g * g - mean_square) * square_share;
    w -= (mean * rate) / (__builtin_sqrtf(mean_square) + epsilon);
  }
};

struct RmsProp {
  static constexpr int slots = 2;
  const float rate, share, momentum, epsilon;

  RmsProp(const Numbers& numbers, float rate)
      : rate(rate), share(1 - numbers.decay), momentum(numbers.momentum), epsilon(numbers.epsilon) {}
  ALWAYS_INLINE void operator()(float g, float& w, float& mean_square, float& sum) const {
    mean_square += (g * g - mean_square) * share;
    sum = sum * momentum + (g * rate) / __builtin_sqrtf(mean_square + epsilon);
    w -= sum;
  }
};

// A part of a weight, and what belongs to it; null where there is none.
struct Part {
  float* weights;
  float* slots[2];
  float* sums;
  float* averages;
  Bfloat16* copy;
  // see Update
  float weight_decay;
};

template <typename Rule, typename Number, bool has_copy>
ALWAYS_INLINE void apply(const Rule& rule, const Number* __restrict g, int count, float* __restrict w,
                         float* __restrict first, float* __restrict second, Bfloat16* __restrict copy) {
#pragma GCC ivdep
  for (int i = 0; i < count; ++i) {
    if constexpr (Rule::slots == 0) rule(load(g[i]), w[i]);
    if constexpr (Rule::slots == 1) rule(load(g[i]), w[i], first[i]);
    if constexpr (Rule::slots == 2) rule(load(g[i]), w[i], first[i], second[i]);
    if constexpr (has_copy) copy[i] = narrow(w[i]);
  }
}

template <typename Rule, typename Number>
ALWAYS_INLINE void apply(const Rule& rule, const Number* g, int64_t begin, int count, const Part& part) {
  float* const w = part.weights + begin;
  float* const first = Rule::slots > 0 ? part.slots[0] + begin : nullptr;
  float* const second = Rule::slots > 1 ? part.slots[1] + begin : nullptr;
  if (part.copy) apply<Rule, Number, true>(rule, g, count, w, first, second, part.copy + begin);
  else apply<Rule, Number, false>(rule, g, count, w, first, second, nullptr);
}

template <typename Rule>
struct UpdatePass {
  const Gradients& gradients;
  const std::vector<Part>& parts;
  Rule rule;
  float learning_rate, gradient_scale, average_rate;
  bool is_decoupled;

  template <Machine>
  ALWAYS_INLINE void run(int shard) const {
    gradients.for_each_block(shard, [&](size_t i, int64_t begin, int count) __attribute__((always_inline)) {
      const Part& part = parts[i];
      const Gradient& gradient = gradients[i];
      float* const w = part.weights + begin;
      if (part.weight_decay != 0 && is_decoupled) {
        const float decay = learning_rate * part.weight_decay;
        for (int j = 0; j < count; ++j) w[j] -= w[j] * decay;
      }
      if (gradient.is_used_as_it_is() && gradient_scale == 1 && (part.weight_decay == 0 || is_decoupled)) {
        if (gradient.is_half) apply(rule, gradient.halves() + begin, begin, count, part);
        else apply(rule, gradient.floats() + begin, begin, count, part);
      } else {
        float g[block_size];
        gradient.read(begin, count, g);
        finish(g, begin, count, part);
        apply(rule, g, begin, count, part);
      }
      if (part.averages) {
        float* const averages = part.averages + begin;
        for (int j = 0; j < count; ++j) averages[j] -= (averages[j] - w[j]) * average_rate;
      }
    });
  }

  ALWAYS_INLINE void finish(float* __restrict g, int64_t begin, int count, const Part& part) const {
    if (part.sums) std::memset(part.sums + begin, 0, count * sizeof(float));
    if (gradient_scale != 1) {
      for (int j = 0; j < count; ++j) g[j] *= gradient_scale;
    }
    if (part.weight_decay != 0 && !is_decoupled) {
      const float* const w = part.weights + begin;
      for (int j = 0; j < count; ++j) g[j] += w[j] * part.weight_decay;
    }
  }
};

struct Update {
  const GradientOptions options;
  const std::string rule;
  const Numbers numbers;
  // Of each weight: its value, times this, is added to its gradient; or, times the learning rate, taken off it.
  const std::vector<float> weight_decay;
  const bool is_decoupled;
  // How many sums are added to each gradient, and whether they start from 0 again.
  const int sum_count;
  const bool resets;
  const bool has_averages;
  // The weights that have a copy.
  const std::vector<int32_t> copied;

  explicit Update(TF_OpKernelConstruction* node)
      : options(node),
        rule(string_attr(node, "rule")),
        numbers{float_attr(node, "momentum"), float_attr(node, "beta1"), float_attr(node, "beta2"),
                float_attr(node, "decay"), float_attr(node, "epsilon")},
        weight_decay(floats_attr(node, "weight_decay")),
        is_decoupled(bool_attr(node, "decoupled")),
        sum_count(inputs_of_each(int_attr(node, "A"), options)),
        resets(bool_attr(node, "resets")),
        has_averages(int_attr(node, "E") > 0),
        copied(ints_attr(node, "copied")) {
    if (static_cast<int>(weight_decay.size()) != options.weights) {
      throw invalid("weight_decay needs a number for each weight");
    }
    for (const int32_t weight : copied) {
      if (weight < 0 || weight >= options.weights) throw invalid("copied names a weight that is not there");
    }
  }

  void compute(Call& call) const {
    if (rule == "sgd") update<Descent>(call);
    else if (rule == "momentum") update<Momentum>(call);
    else if (rule == "nesterov") update<Nesterov>(call);
    else if (rule == "adam") update<Adam>(call);
    else if (rule == "rmsprop") update<RmsProp>(call);
    else throw invalid("there is no rule " + rule);
  }

  template <typename Rule>
  void update(Call& call) const {
    const Inputs inputs(call);
    const int count = options.weights;
    const int slots = (1 + options.batches) * count;
    const int sums = slots + Rule::slots * count;
    const int averages = sums + sum_count * count;
    const int copies = averages + (has_averages ? count : 0);
    const int scalars = copies + static_cast<int>(copied.size());
    if (inputs.count() != scalars + scalar_count) throw invalid("the numbers of inputs do not fit");
    for (int group = slots; group < copies; group += count) check_sizes(inputs, group, count);
    check_sizes(inputs, copies, copied);
    check_owned(inputs, 0, count);
    check_owned(inputs, slots, sums - slots);
    if (resets) check_owned(inputs, sums, averages - sums);
    check_owned(inputs, averages, scalars - averages);
    std::vector<Part> parts;
    for (int i = 0; i < count; ++i) {
      parts.push_back({inputs.floats(i),
                       {Rule::slots > 0 ? inputs.floats(slots + i) : nullptr,
                        Rule::slots > 1 ? inputs.floats(slots + count + i) : nullptr},
                       resets && sum_count > 0 ? inputs.floats(sums + i) : nullptr,
                       has_averages ? inputs.floats(averages + i) : nullptr, nullptr, weight_decay[i]});
    }
    for (size_t i = 0; i < copied.size(); ++i) {
      parts[copied[i]].copy = static_cast<Bfloat16*>(inputs.data(copies + static_cast<int>(i)));
    }
    const auto scalar = [&](Scalar which) { return inputs.floats(scalars + which)[0]; };
    const float given_rate = scalar(learning_rate);
    const bool is_adam = std::is_same<Rule, Adam>::value;
    const float rate =
        is_adam ? given_rate * std::sqrt(1 - scalar(beta2_power)) / (1 - scalar(beta1_power)) : given_rate;
    const Gradients gradients(options, inputs, sums, sum_count);
    const UpdatePass<Rule> pass{gradients,  parts, Rule(numbers, rate), given_rate, scalar(gradient_scale),
                                scalar(average_rate), is_decoupled};
    run_pass(pass, gradients.shards());
  }
};

const bool registered = register_op<Update>(
    define_op("TrainyardUpdate",
              {"slots: S * float", "sums: A * float", "averages: E * float", "copies: C * bfloat16",
               "scalars: M * float"},
              {"S: int >= 0", "A: int >= 0", "E: int >= 0", "C: int >= 0", "M: int = 5", "rule: string",
               "momentum: float = 0", "beta1: float = 0", "beta2: float = 0", "decay: float = 0",
               "epsilon: float = 0", "weight_decay: list(float)", "decoupled: bool = false", "copied: list(int)",
               "resets: bool = true"}),
    {});

}  // namespace
}  // namespace trainyard
