// What the kernels of our ops share: reading inputs, making outputs, and failing with a message.
#pragma once

#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernel-api.h"
#include "tensorflow/c/ops.h"

namespace trainyard {

struct Failure : std::runtime_error {
  TF_Code code;
  Failure(TF_Code code, const std::string& message) : std::runtime_error(message), code(code) {}
};

class Status {
 public:
  ~Status() { TF_DeleteStatus(status_); }
  operator TF_Status*() { return status_; }
  void check() const {
    if (TF_GetCode(status_) != TF_OK) throw Failure(TF_GetCode(status_), TF_Message(status_));
  }

 private:
  TF_Status* const status_ = TF_NewStatus();
};

inline std::vector<int64_t> shape_of(const TF_Tensor* tensor) {
  std::vector<int64_t> shape(TF_NumDims(tensor));
  for (size_t i = 0; i < shape.size(); ++i) shape[i] = TF_Dim(tensor, static_cast<int>(i));
  return shape;
}

inline std::string describe(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

// One run of a kernel. Its tensors live as long as it does.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    for (TF_Tensor* const tensor : tensors_) TF_DeleteTensor(tensor);
  }

  const TF_Tensor* input(int index) {
    TF_Tensor* tensor = nullptr;
    Status status;
    TF_GetInput(context_, index, &tensor, status);
    status.check();
    return keep(tensor);
  }

  int input_count() const { return TF_NumInputs(context_); }

  void* output(int index, TF_DataType type, const std::vector<int64_t>& shape) {
    Status status;
    int64_t count = 1;
    for (const int64_t extent : shape) count *= extent;
    TF_Tensor* const tensor =
        TF_AllocateOutput(context_, index, type, shape.data(), static_cast<int>(shape.size()),
                          count * TF_DataTypeSize(type), status);
    status.check();
    return TF_TensorData(keep(tensor));
  }

  // Makes a tensor an output, and deletes it with this.
  void set_output(int index, TF_Tensor* tensor) {
    Status status;
    TF_SetOutput(context_, index, keep(tensor), status);
    status.check();
  }

  // Of the shape and type of an input, and in its memory if nothing else reads that.
  void* output_over(int input, int index, const std::vector<int64_t>& shape) {
    Status status;
    int forwarded;
    TF_Tensor* const tensor = TF_ForwardInputOrAllocateOutput(
        context_, &input, 1, index, shape.data(), static_cast<int>(shape.size()), &forwarded, status);
    status.check();
    return TF_TensorData(keep(tensor));
  }

 private:
  TF_Tensor* keep(TF_Tensor* tensor) {
    tensors_.push_back(tensor);
    return tensor;
  }

  TF_OpKernelContext* const context_;
  std::vector<TF_Tensor*> tensors_;
};

// An attribute of a node, when its kernel is made.
inline std::string string_attr(TF_OpKernelConstruction* node, const char* name) {
  char text[64] = {};
  Status status;
  TF_OpKernelConstruction_GetAttrString(node, name, text, sizeof(text) - 1, status);
  status.check();
  return text;
}

template <typename Number>
Number number_attr(TF_OpKernelConstruction* node, const char* name,
                   void (*get)(TF_OpKernelConstruction*, const char*, Number*, TF_Status*)) {
  Number value = 0;
  Status status;
  get(node, name, &value, status);
  status.check();
  return value;
}

inline float float_attr(TF_OpKernelConstruction* node, const char* name) {
  return number_attr(node, name, TF_OpKernelConstruction_GetAttrFloat);
}

inline int int_attr(TF_OpKernelConstruction* node, const char* name) {
  return number_attr(node, name, TF_OpKernelConstruction_GetAttrInt32);
}

inline bool bool_attr(TF_OpKernelConstruction* node, const char* name) {
  return number_attr(node, name, TF_OpKernelConstruction_GetAttrBool) != 0;
}

template <typename Number>
std::vector<Number> list_attr(TF_OpKernelConstruction* node, const char* name,
                              void (*get)(TF_OpKernelConstruction*, const char*, Number*, int, TF_Status*)) {
  int32_t size = 0, unused = 0;
  Status status;
  TF_OpKernelConstruction_GetAttrSize(node, name, &size, &unused, status);
  status.check();
  std::vector<Number> values(size);
  get(node, name, values.data(), size, status);
  status.check();
  return values;
}

inline std::vector<float> floats_attr(TF_OpKernelConstruction* node, const char* name) {
  return list_attr<float>(node, name, TF_OpKernelConstruction_GetAttrFloatList);
}

inline std::vector<int32_t> ints_attr(TF_OpKernelConstruction* node, const char* name) {
  return list_attr<int32_t>(node, name, TF_OpKernelConstruction_GetAttrInt32List);
}

// `Kernel` is made from a node's TF_OpKernelConstruction, and has a function `void compute(Call&) const`.
template <typename Kernel>
void* create_kernel(TF_OpKernelConstruction* node) {
  try {
    return new Kernel(node);
  } catch (const Failure& failure) {
    Status status;
    TF_SetStatus(status, failure.code, failure.what());
    TF_OpKernelConstruction_Failure(node, status);
    return nullptr;
  }
}

template <typename Kernel>
void compute_kernel(void* kernel, TF_OpKernelContext* context) {
  Status status;
  try {
    Call call(context);
    static_cast<const Kernel*>(kernel)->compute(call);
  } catch (const Failure& failure) {
    TF_SetStatus(status, failure.code, failure.what());
  } catch (const std::bad_alloc&) {
    TF_SetStatus(status, TF_RESOURCE_EXHAUSTED, "out of memory");
  }
  if (TF_GetCode(status) != TF_OK) TF_OpKernelContext_Failure(context, status);
}

template <typename Kernel>
void delete_kernel(void* kernel) {
  delete static_cast<Kernel*>(kernel);
}

struct OpDefinition {
  const char* name;
  std::vector<const char*> inputs, outputs, attrs;
  void (*infer_shapes)(TF_ShapeInferenceContext*, TF_Status*);
  // It changes what other ops read, or makes something new in each run.
  bool is_stateful = false;
};

// Registers an op and its kernel on the processor, for each type that its attribute T may be; if there are none, for all.
template <typename Kernel>
bool register_op(const OpDefinition& op, const std::vector<TF_DataType>& types) {
  Status status;
  TF_OpDefinitionBuilder* const builder = TF_NewOpDefinitionBuilder(op.name);
  for (const char* const input : op.inputs) TF_OpDefinitionBuilderAddInput(builder, input);
  for (const char* const output : op.outputs) TF_OpDefinitionBuilderAddOutput(builder, output);
  for (const char* const attr : op.attrs) TF_OpDefinitionBuilderAddAttr(builder, attr);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, op.infer_shapes);
  TF_OpDefinitionBuilderSetIsStateful(builder, op.is_stateful);
  TF_RegisterOpDefinition(builder, status);
  const auto new_kernel = [&] {
    return TF_NewKernelBuilder(op.name, "CPU", create_kernel<Kernel>, compute_kernel<Kernel>, delete_kernel<Kernel>);
  };
  for (const TF_DataType type : types) {
    TF_KernelBuilder* const kernel = new_kernel();
    TF_KernelBuilder_TypeConstraint(kernel, "T", type, status);
    TF_RegisterKernelBuilder(op.name, kernel, status);
  }
  if (types.empty()) TF_RegisterKernelBuilder(op.name, new_kernel(), status);
  return TF_GetCode(status) == TF_OK;
}

// The shape of an output is that of an input, which must have `rank` dimensions.
inline void same_shape(TF_ShapeInferenceContext* context, int output, int input, int rank, TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) return;
  TF_ShapeHandle* const shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, input, shape, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, shape, rank, shape, status);
  if (TF_GetCode(status) == TF_OK) {
    // TensorFlow 2.21 reports an error for each output but the first, and sets it all the same
    Status ignored;
    TF_ShapeInferenceContextSetOutput(context, output, shape, ignored);
  }
  TF_DeleteShapeHandle(shape);
}

}  // namespace trainyard
