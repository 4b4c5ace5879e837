// TrainyardResize: an image brought to another size in one pass, with the bytes that TensorFlow's ScaleAndTranslate
// (triangle kernel, antialiased) gives when 0.5 is added and the sum is cut to uint8. That op is scalar, and
// makes float images in between.
//
// The bytes are equal because each value is the same sum in the same order, in float: first over the rows, then
// over the columns, each from 0 and without fused multiply-add (set-up compiles with -ffp-contract=off).
// test/engine/native-ops.test.ts compares the two.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

#include "kernel-api.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_tensor.h"

#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__)
// the loader takes the second version on processors that have AVX2
#define FOR_EACH_PROCESSOR __attribute__((target_clones("default", "avx2")))
#else
#define FOR_EACH_PROCESSOR
#endif
#define ALWAYS_INLINE inline __attribute__((always_inline))

namespace {

typedef uint8_t Bytes16 __attribute__((vector_size(16)));
typedef uint16_t Shorts8 __attribute__((vector_size(16)));
typedef uint64_t Longs2 __attribute__((vector_size(16)));
typedef int32_t Ints8 __attribute__((vector_size(32)));
typedef float Floats8 __attribute__((vector_size(32)));

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(mask, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(mask, a, b, ...) __builtin_shuffle(a, b, mask{__VA_ARGS__})
#endif

// The pixels along one side of the input that make up each pixel of the output.
struct Spans {
  std::vector<int> starts;
  std::vector<int> lengths;
  // `stride` for each pixel of the output
  std::vector<float> weights;
  int stride = 0;
};

Spans compute_spans(int output_size, int input_size, float scale, float translation) {
  const float inverse_scale = 1.0 / scale;
  const float inverse_translation = -inverse_scale * translation;
  // an image that is made smaller is filtered, one that is enlarged only interpolated
  const float kernel_scale = std::max(inverse_scale, 1.0f);
  const float one_over_kernel_scale = 1.0f / kernel_scale;
  Spans spans;
  const double widest = 2 * std::ceil(static_cast<double>(kernel_scale)) + 1;
  spans.stride = static_cast<int>(std::min(widest, static_cast<double>(input_size)));
  spans.starts.assign(output_size, 0);
  spans.lengths.assign(output_size, 0);
  spans.weights.assign(static_cast<size_t>(spans.stride) * output_size, 0.0f);
  for (int out = 0; out < output_size; ++out) {
    const float center = out + 0.5f;
    const float sample = center * inverse_scale + inverse_translation;
    // outside of the image: black
    if (!(sample >= 0 && sample <= input_size)) continue;
    const int64_t last = input_size - 1;
    const int64_t first_wanted = std::ceil(sample - kernel_scale - 0.5f);
    const int64_t last_wanted = std::floor(sample + kernel_scale - 0.5f);
    const int64_t start = std::min(std::max<int64_t>(first_wanted, 0), last);
    const int64_t end = std::min(std::max<int64_t>(last_wanted, 0), last) + 1;
    const int length = static_cast<int>(std::min<int64_t>(end - start, spans.stride));
    float* weights = &spans.weights[static_cast<size_t>(spans.stride) * out];
    float sum = 0.0f;
    for (int i = 0; i < length; ++i) {
      const float position = static_cast<float>(start + i) + 0.5f - sample;
      const float distance = std::abs(position * one_over_kernel_scale);
      weights[i] = distance < 1.0f ? 1.0f - distance : 0.0f;
      sum += weights[i];
    }
    const bool is_empty = std::abs(sum) < 1000.0f * std::numeric_limits<float>::min();
    const float one_over_sum = is_empty ? 0.0f : 1.0f / sum;
    for (int i = 0; i < length; ++i) weights[i] = weights[i] * one_over_sum;
    spans.starts[out] = static_cast<int>(start);
    spans.lengths[out] = length;
  }
  return spans;
}

// Compilers convert vectors of eight bytes one byte at a time, so the bytes become shorts by a shuffle with zeros.
ALWAYS_INLINE Floats8 load_bytes(const uint8_t* bytes) {
  Longs2 loaded = {};
  std::memcpy(&loaded, bytes, 8);
  const Bytes16 zeros = {};
  const Shorts8 shorts =
      (Shorts8)SHUFFLE(Bytes16, (Bytes16)loaded, zeros, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6,
                       22, 7, 23);
  return __builtin_convertvector(__builtin_convertvector(shorts, Ints8), Floats8);
}

// Writes the lowest byte of each.
ALWAYS_INLINE void store_bytes(Ints8 values, uint8_t* bytes) {
  const Bytes16 shorts = (Bytes16)__builtin_convertvector(values, Shorts8);
  const Bytes16 packed =
      SHUFFLE(Bytes16, shorts, shorts, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14);
  std::memcpy(bytes, &packed, 8);
}

// Rows of the output that are computed together, each in one lane of the vectors.
const int group = 8;

ALWAYS_INLINE Floats8 load(const float* floats) {
  Floats8 loaded;
  std::memcpy(&loaded, floats, sizeof(loaded));
  return loaded;
}

ALWAYS_INLINE void transpose(Floats8* v) {
  Floats8 t[8];
  for (int i = 0; i < 8; i += 2) {
    t[i] = SHUFFLE(Ints8, v[i], v[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    t[i + 1] = SHUFFLE(Ints8, v[i], v[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  Floats8 u[8];
  for (int half = 0; half < 8; half += 4) {
    for (int i = 0; i < 2; ++i) {
      u[half + 2 * i] = SHUFFLE(Ints8, t[half + i], t[half + i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      u[half + 2 * i + 1] = SHUFFLE(Ints8, t[half + i], t[half + i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  for (int i = 0; i < 4; ++i) {
    v[i] = SHUFFLE(Ints8, u[i], u[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    v[i + 4] = SHUFFLE(Ints8, u[i], u[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// A row of the output: where the rows of the input that make it up begin, and their weights.
struct Row {
  const uint8_t* input;
  const float* weights;
  int length;
};

// The weighted sums of rows of `size` bytes: of each byte, those of all rows of the group.
ALWAYS_INLINE void add_rows(const Row* rows, size_t row_bytes, size_t size, float* sums) {
  size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    Floats8 block[group];
    for (int r = 0; r < group; ++r) {
      Floats8 sum = {};
      const uint8_t* bytes = rows[r].input + at;
      for (int i = 0; i < rows[r].length; ++i, bytes += row_bytes)
        sum += rows[r].weights[i] * load_bytes(bytes);
      block[r] = sum;
    }
    transpose(block);
    std::memcpy(sums + at * group, block, sizeof(block));
  }
  for (; at < size; ++at) {
    for (int r = 0; r < group; ++r) {
      float sum = 0.0f;
      for (int i = 0; i < rows[r].length; ++i)
        sum += rows[r].weights[i] * static_cast<float>(rows[r].input[i * row_bytes + at]);
      sums[at * group + r] = sum;
    }
  }
}

// The weighted sums of the pixels of each row, to be cut to bytes. `sums` begins at the column `first` of the input.
template <int channels>
ALWAYS_INLINE void add_columns(const float* sums, int first, const Spans& spans, int output_width,
                               float* output) {
  for (int x = 0; x < output_width; ++x) {
    const float* weights = &spans.weights[static_cast<size_t>(spans.stride) * x];
    Floats8 totals[channels] = {};
    for (int i = 0; i < spans.lengths[x]; ++i) {
      const float* pixel = sums + static_cast<size_t>(spans.starts[x] - first + i) * channels * group;
      for (int channel = 0; channel < channels; ++channel)
        totals[channel] += weights[i] * load(pixel + channel * group);
    }
    for (int channel = 0; channel < channels; ++channel, output += group) {
      const Floats8 rounded = totals[channel] + 0.5f;
      std::memcpy(output, &rounded, sizeof(rounded));
    }
  }
}

// Writes `rows` rows of `row_bytes`.
ALWAYS_INLINE void store_rows(const float* totals, int rows, size_t row_bytes, uint8_t* output) {
  size_t at = 0;
  for (; at + group <= row_bytes; at += group) {
    Floats8 block[group];
    std::memcpy(block, totals + at * group, sizeof(block));
    transpose(block);
    for (int r = 0; r < rows; ++r)
      store_bytes(__builtin_convertvector(block[r], Ints8), output + r * row_bytes + at);
  }
  for (; at < row_bytes; ++at)
    for (int r = 0; r < rows; ++r)
      output[r * row_bytes + at] = static_cast<uint8_t>(totals[at * group + r]);
}

struct Size {
  int height;
  int width;
};

FOR_EACH_PROCESSOR void resize(const uint8_t* image, Size input, int channels, const Spans& down,
                               const Spans& across, Size output_size, uint8_t* output) {
  // columns that are cut off are not summed up
  int first = input.width, last = 0;
  for (int x = 0; x < output_size.width; ++x) {
    if (across.lengths[x] == 0) continue;
    first = std::min(first, across.starts[x]);
    last = std::max(last, across.starts[x] + across.lengths[x]);
  }
  const size_t row_bytes = static_cast<size_t>(input.width) * channels;
  const size_t begin = static_cast<size_t>(first) * channels;
  const size_t size = last > first ? static_cast<size_t>(last - first) * channels : 0;
  const size_t output_bytes = static_cast<size_t>(output_size.width) * channels;
  std::vector<float> sums(size * group);
  std::vector<float> totals(output_bytes * group);
  for (int y = 0; y < output_size.height; y += group, output += group * output_bytes) {
    const int wanted = std::min(group, output_size.height - y);
    Row rows[group];
    for (int r = 0; r < group; ++r) {
      // the last row fills up the last group
      const int row = y + std::min(r, wanted - 1);
      rows[r] = {image + row_bytes * down.starts[row] + begin,
                 &down.weights[static_cast<size_t>(down.stride) * row], down.lengths[row]};
    }
    add_rows(rows, row_bytes, size, sums.data());
    if (channels == 1) add_columns<1>(sums.data(), first, across, output_size.width, totals.data());
    else if (channels == 3) add_columns<3>(sums.data(), first, across, output_size.width, totals.data());
    else add_columns<4>(sums.data(), first, across, output_size.width, totals.data());
    store_rows(totals.data(), wanted, output_bytes, output);
  }
}

// Deletes what TF_GetInput and TF_AllocateOutput return.
struct Tensors {
  TF_Tensor* all[5] = {};
  ~Tensors() {
    for (TF_Tensor* tensor : all) if (tensor) TF_DeleteTensor(tensor);
  }
};

const char* check(const TF_Tensor* image, const TF_Tensor* size, const TF_Tensor* scale,
                  const TF_Tensor* translation) {
  if (TF_NumDims(image) != 3) return "TrainyardResize: expected an image [height, width, channels]";
  for (const TF_Tensor* pair : {size, scale, translation})
    if (TF_TensorElementCount(pair) != 2) return "TrainyardResize: expected [y, x]";
  const int64_t limit = std::numeric_limits<int>::max() / 8;
  for (int side = 0; side < 2; ++side) {
    const int32_t wanted = static_cast<const int32_t*>(TF_TensorData(size))[side];
    const int64_t found = TF_Dim(image, side);
    if (found < 1 || found > limit || wanted < 1 || wanted > limit)
      return "TrainyardResize: a side is no pixel long, or too long";
    if (!(static_cast<const float*>(TF_TensorData(scale))[side] > 0))
      return "TrainyardResize: expected scales greater than 0";
  }
  const int64_t channels = TF_Dim(image, 2);
  return channels == 1 || channels == 3 || channels == 4
             ? nullptr
             : "TrainyardResize: expected 1, 3 or 4 channels";
}

void compute(TF_OpKernelContext* context, TF_Status* status) {
  Tensors tensors;
  for (int i = 0; i < 4; ++i) {
    TF_GetInput(context, i, &tensors.all[i], status);
    if (TF_GetCode(status) != TF_OK) return;
  }
  const auto& [image, size, scale, translation, unused] = tensors.all;
  if (const char* problem = check(image, size, scale, translation)) {
    TF_SetStatus(status, TF_INVALID_ARGUMENT, problem);
    return;
  }
  const int32_t* wanted = static_cast<const int32_t*>(TF_TensorData(size));
  const float* scales = static_cast<const float*>(TF_TensorData(scale));
  const float* translations = static_cast<const float*>(TF_TensorData(translation));
  const Size input = {static_cast<int>(TF_Dim(image, 0)), static_cast<int>(TF_Dim(image, 1))};
  const Size output_size = {wanted[0], wanted[1]};
  const int channels = static_cast<int>(TF_Dim(image, 2));
  const int64_t dims[] = {output_size.height, output_size.width, channels};
  const size_t bytes = static_cast<size_t>(dims[0]) * dims[1] * dims[2];
  TF_Tensor* output = TF_AllocateOutput(context, 0, TF_UINT8, dims, 3, bytes, status);
  tensors.all[4] = output;
  if (TF_GetCode(status) != TF_OK) return;
  const Spans down = compute_spans(output_size.height, input.height, scales[0], translations[0]);
  const Spans across = compute_spans(output_size.width, input.width, scales[1], translations[1]);
  resize(static_cast<const uint8_t*>(TF_TensorData(image)), input, channels, down, across,
         output_size, static_cast<uint8_t*>(TF_TensorData(output)));
}

void* create(TF_OpKernelConstruction*) { return nullptr; }

void destroy(void*) {}

void compute_or_fail(void*, TF_OpKernelContext* context) {
  TF_Status* status = TF_NewStatus();
  try {
    compute(context, status);
  } catch (const std::bad_alloc&) {
    TF_SetStatus(status, TF_RESOURCE_EXHAUSTED, "TrainyardResize: out of memory");
  }
  if (TF_GetCode(status) != TF_OK) TF_OpKernelContext_Failure(context, status);
  TF_DeleteStatus(status);
}

void infer_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

// Registers the op and its kernel when the library is loaded.
const bool registered = [] {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder("TrainyardResize");
  for (const char* input : {"image: uint8", "size: int32", "scale: float", "translation: float"})
    TF_OpDefinitionBuilderAddInput(op, input);
  TF_OpDefinitionBuilderAddOutput(op, "resized: uint8");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, infer_shape);
  TF_RegisterOpDefinition(op, status);
  TF_KernelBuilder* kernel =
      TF_NewKernelBuilder("TrainyardResize", "CPU", create, compute_or_fail, destroy);
  TF_RegisterKernelBuilder("TrainyardResize", kernel, status);
  const bool done = TF_GetCode(status) == TF_OK;
  TF_DeleteStatus(status);
  return done;
}();

}  // namespace
