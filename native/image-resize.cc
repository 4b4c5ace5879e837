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

typedef uint8_t Bytes8 __attribute__((vector_size(8)));
typedef int32_t Ints8 __attribute__((vector_size(32)));
typedef float Floats8 __attribute__((vector_size(32)));
typedef int32_t Ints4 __attribute__((vector_size(16)));
typedef float Floats4 __attribute__((vector_size(16)));

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

ALWAYS_INLINE Floats8 load_bytes(const uint8_t* bytes) {
  Bytes8 loaded;
  std::memcpy(&loaded, bytes, sizeof(loaded));
  return __builtin_convertvector(__builtin_convertvector(loaded, Ints8), Floats8);
}

// The weighted sum of rows of `size` bytes.
ALWAYS_INLINE void add_rows(const uint8_t* rows, size_t row_bytes, const float* weights, int length,
                            size_t size, float* sums) {
  size_t at = 0;
  for (; at + 32 <= size; at += 32) {
    Floats8 a = {}, b = {}, c = {}, d = {};
    const uint8_t* row = rows + at;
    for (int i = 0; i < length; ++i, row += row_bytes) {
      a += weights[i] * load_bytes(row);
      b += weights[i] * load_bytes(row + 8);
      c += weights[i] * load_bytes(row + 16);
      d += weights[i] * load_bytes(row + 24);
    }
    std::memcpy(sums + at, &a, sizeof(a));
    std::memcpy(sums + at + 8, &b, sizeof(b));
    std::memcpy(sums + at + 16, &c, sizeof(c));
    std::memcpy(sums + at + 24, &d, sizeof(d));
  }
  for (; at < size; ++at) {
    float sum = 0.0f;
    for (int i = 0; i < length; ++i) sum += weights[i] * static_cast<float>(rows[i * row_bytes + at]);
    sums[at] = sum;
  }
}

// The weighted sums of the pixels of a row, rounded. Reads up to three floats beyond the row.
template <int channels>
ALWAYS_INLINE void add_columns(const float* row, const Spans& spans, int output_width,
                               uint8_t* output) {
  for (int x = 0; x < output_width; ++x, output += channels) {
    const float* pixel = row + static_cast<size_t>(spans.starts[x]) * channels;
    const float* weights = &spans.weights[static_cast<size_t>(spans.stride) * x];
    const int length = spans.lengths[x];
    if (channels == 1) {
      float sum = 0.0f;
      for (int i = 0; i < length; ++i) sum += weights[i] * pixel[i];
      output[0] = static_cast<uint8_t>(sum + 0.5f);
      continue;
    }
    Floats4 sums = {};
    for (int i = 0; i < length; ++i, pixel += channels) {
      Floats4 values;
      std::memcpy(&values, pixel, sizeof(values));
      sums += weights[i] * values;
    }
    const Ints4 rounded = __builtin_convertvector(sums + 0.5f, Ints4);
    for (int channel = 0; channel < channels; ++channel) {
      output[channel] = static_cast<uint8_t>(rounded[channel]);
    }
  }
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
  std::vector<float> sums(row_bytes + 4, 0.0f);
  for (int y = 0; y < output_size.height; ++y) {
    const uint8_t* rows = image + row_bytes * down.starts[y] + begin;
    const float* weights = &down.weights[static_cast<size_t>(down.stride) * y];
    if (size > 0) add_rows(rows, row_bytes, weights, down.lengths[y], size, sums.data() + begin);
    if (channels == 1) add_columns<1>(sums.data(), across, output_size.width, output);
    else if (channels == 3) add_columns<3>(sums.data(), across, output_size.width, output);
    else add_columns<4>(sums.data(), across, output_size.width, output);
    output += static_cast<size_t>(output_size.width) * channels;
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
