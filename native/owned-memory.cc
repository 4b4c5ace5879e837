// TrainyardOwn: a copy of a tensor that ops of our own may change in place (owned-memory.h).
#include "owned-memory.h"

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_set>

#include "op.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace trainyard {
namespace {

constexpr size_t cache_line = 64;
constexpr size_t huge_page = size_t{2} << 20;

std::mutex mutex;

// Never deleted, since TensorFlow may free tensors while the process ends.
std::unordered_set<const void*>& owned() {
  static auto* const all = new std::unordered_set<const void*>();
  return *all;
}

void* allocate(size_t bytes) {
  const bool is_large = bytes >= huge_page;
  void* data = nullptr;
  if (posix_memalign(&data, is_large ? huge_page : cache_line, bytes > 0 ? bytes : 1) != 0) {
    throw std::bad_alloc();
  }
#if defined(__linux__)
  // whole pages only, so that no more memory is taken than without
  if (is_large) madvise(data, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  const std::lock_guard<std::mutex> lock(mutex);
  owned().insert(data);
  return data;
}

void release(void* data, size_t, void*) {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    owned().erase(data);
  }
  std::free(data);
}

}  // namespace

bool is_owned(const void* data) {
  const std::lock_guard<std::mutex> lock(mutex);
  return owned().count(data) > 0;
}

namespace {

struct Own {
  explicit Own(TF_OpKernelConstruction*) {}

  void compute(Call& call) const {
    const TF_Tensor* const value = call.input(0);
    const std::vector<int64_t> shape = shape_of(value);
    const size_t bytes = TF_TensorByteSize(value);
    void* const memory = allocate(bytes);
    if (bytes > 0) std::memcpy(memory, TF_TensorData(value), bytes);
    call.set_output(0, TF_NewTensor(TF_TensorType(value), shape.data(), static_cast<int>(shape.size()), memory,
                                    bytes, release, nullptr));
  }
};

void infer_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* const shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, shape, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
  TF_DeleteShapeHandle(shape);
}

const bool registered = register_op<Own>(
    {"TrainyardOwn", {"value: T"}, {"owned: T"}, {"T: {float, bfloat16}"}, infer_shape, true}, {});

}  // namespace
}  // namespace trainyard
