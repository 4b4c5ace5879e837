// The gradients that the ops of optimisers read, and the shards in which these go over them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "op.h"
#include "passes.h"

namespace trainyard {

// How many elements go through the cache at once where several loops make one pass over memory.
constexpr int block_size = 1024;
// It decides in which order squares are added up, so a change of it changes results.
constexpr int64_t shard_size = 16 * block_size;

// All inputs of a run. A kernel changes some of them in place.
class Inputs {
 public:
  explicit Inputs(Call& call) {
    for (int i = 0; i < call.input_count(); ++i) all_.push_back(call.input(i));
  }

  int count() const { return static_cast<int>(all_.size()); }
  TF_DataType type(int i) const { return TF_TensorType(all_[i]); }
  int64_t size(int i) const { return TF_TensorElementCount(all_[i]); }
  void* data(int i) const { return TF_TensorData(all_[i]); }
  float* floats(int i) const { return static_cast<float*>(data(i)); }

 private:
  std::vector<const TF_Tensor*> all_;
};

// The most batches that are computed at once.
constexpr int max_batches = 64;

// What a step makes of the gradients of its weights before it uses them: the attributes that all these ops have.
struct GradientOptions {
  explicit GradientOptions(TF_OpKernelConstruction* node);

  // Inputs begin with as many weights, and then as many gradients of each batch.
  const int weights;
  // How many batches are computed at once.
  const int batches;
  // Of each weight: its value, times this, is added to its gradient.
  const std::vector<float> l2;
  // 1 / n if a step takes the mean of n batches.
  const float share;
  // The largest size of an element; 0: any.
  const float largest;
};

// An op with the inputs and attributes of GradientOptions, and others behind them.
OpDefinition define_op(const char* name, const std::vector<const char*>& inputs, const std::vector<const char*>& attrs);

// The gradient of a weight.
struct Gradient {
  // of each batch that is computed at once
  std::vector<const void*> values;
  bool is_half;
  const float* weights;
  // Sums over the batches before, which are added in this order; none if there are no such batches.
  std::vector<const float*> sums;
  float l2;
  float share;
  float largest;

  bool is_used_as_it_is() const {
    return l2 == 0 && share == 1 && sums.empty() && largest == 0 && values.size() == 1;
  }
  ALWAYS_INLINE const float* floats(int batch = 0) const { return static_cast<const float*>(values[batch]); }
  ALWAYS_INLINE const Bfloat16* halves(int batch = 0) const { return static_cast<const Bfloat16*>(values[batch]); }

  // Elements as the optimiser uses them; at most block_size.
  ALWAYS_INLINE void read(int64_t begin, int count, float* __restrict into) const {
    if (values.size() == 1) read_batch(0, begin, count, into);
    else add_batches(begin, count, into);
    for (const float* const sum : sums) {
      for (int i = 0; i < count; ++i) into[i] += sum[begin + i];
    }
    if (largest > 0) {
      // what is not a number stays so
      for (int i = 0; i < count; ++i) {
        const float lowered = into[i] > largest ? largest : into[i];
        into[i] = lowered < -largest ? -largest : lowered;
      }
    }
  }

  // Adds the batches up in pairs, then pairs of these, and so on: the order of src/training/sum-order.ts.
  ALWAYS_INLINE void add_batches(int64_t begin, int count, float* __restrict into) const {
    float waiting[6][block_size];
    const int last = static_cast<int>(values.size()) - 1;
    for (int batch = 0; batch <= last; ++batch) {
      read_batch(batch, begin, count, into);
      int level = 0;
      for (int left = batch; batch == last ? left > 0 : (left & 1) == 1; left >>= 1, ++level) {
        if ((left & 1) == 0) continue;
        const float* const earlier = waiting[level];
        for (int i = 0; i < count; ++i) into[i] += earlier[i];
      }
      if (batch < last) std::memcpy(waiting[level], into, count * sizeof(float));
    }
  }

  ALWAYS_INLINE void read_batch(int batch, int64_t begin, int count, float* __restrict into) const {
    if (is_half) {
      for (int i = 0; i < count; ++i) into[i] = load(halves(batch)[begin + i]);
    } else {
      for (int i = 0; i < count; ++i) into[i] = floats(batch)[begin + i];
    }
    if (l2 != 0) {
      for (int i = 0; i < count; ++i) into[i] += weights[begin + i] * l2;
    }
    if (share != 1) {
      for (int i = 0; i < count; ++i) into[i] *= share;
    }
  }
};

// The gradients of a run.
class Gradients {
 public:
  // `sums` is the first of the inputs that hold sums over the batches before, and `sum_count` how many each weight has.
  Gradients(const GradientOptions& options, const Inputs& inputs, int sums, int sum_count);

  const Gradient& operator[](size_t i) const { return each_[i]; }

  int shards() const { return static_cast<int>((starts_.back() + shard_size - 1) / shard_size); }

  // Calls work(i, begin, count) for parts of weights, at most block_size long, in order. Weights lie one behind the
  // other; where one ends does not matter to a shard.
  template <typename Work>
  ALWAYS_INLINE void for_each_block(int shard, const Work& work) const {
    int64_t at = shard * shard_size;
    const int64_t end = std::min(at + shard_size, starts_.back());
    size_t i = std::upper_bound(starts_.begin(), starts_.end(), at) - starts_.begin() - 1;
    while (at < end) {
      while (starts_[i + 1] <= at) ++i;
      const int64_t stop = std::min({end, starts_[i + 1], at + block_size});
      work(i, at - starts_[i], static_cast<int>(stop - at));
      at = stop;
    }
  }

 private:
  std::vector<Gradient> each_;
  std::vector<int64_t> starts_;
};

// The failure of an op whose inputs or attributes do not fit each other.
inline Failure invalid(const std::string& message) { return {TF_INVALID_ARGUMENT, message}; }

// Throws unless inputs from `first` on, one for each of the weights `of`, have their sizes.
void check_sizes(const Inputs& inputs, int first, const std::vector<int32_t>& of);
void check_sizes(const Inputs& inputs, int first, int weights);

// Throws unless the kernel may change inputs in place.
void check_owned(const Inputs& inputs, int first, int count);

// How many inputs each weight has among `inputs`, one for each weight or none. Throws if they do not divide evenly.
int inputs_of_each(int inputs, const GradientOptions& options);

}  // namespace trainyard
