// Tells src/engine/native-ops.ts which ops the library has.
extern "C" int trainyard_ops_version() { return 5; }

// Whether the passes of training steps (passes.h) are compiled for the vectors of processors. Clang's for x86 are not,
// and a multiply-add that is no instruction would make them far slower than TensorFlow's kernels.
extern "C" int trainyard_has_vector_passes() {
#if defined(__x86_64__) && defined(__clang__)
  return 0;
#else
  return 1;
#endif
}
