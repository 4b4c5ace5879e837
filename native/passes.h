// Passes over tensors of float or bfloat16: plain loops, which the compiler makes vectors of, once for each kind of
// processor. Each number is computed alike, with fused multiply-add only where it is written (set-up compiles with
// -ffp-contract=off), so the results are the same bytes on all of them.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "parallel.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

namespace trainyard {

// The upper half of a float.
struct Bfloat16 {
  uint16_t bits;
};

ALWAYS_INLINE uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

ALWAYS_INLINE float float_of(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

ALWAYS_INLINE float load(float from) { return from; }
ALWAYS_INLINE float load(Bfloat16 from) { return float_of(static_cast<uint32_t>(from.bits) << 16); }

// a * b + c, rounded once.
ALWAYS_INLINE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// Kinds of processors that passes are compiled for.
enum class Machine { any, avx2, avx512, avx512_bf16 };

#if defined(__x86_64__) && !defined(__clang__)
#define TRAINYARD_AVX2 __attribute__((target("avx2,fma")))
#define TRAINYARD_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512")))

__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) inline int64_t narrow_by_instruction(
    const float* from, Bfloat16* to, int64_t count) {
  int64_t at = 0;
  for (; at + 16 <= count; at += 16)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + at),
                        reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_loadu_ps(from + at))));
  return at;
}
#endif

// Rounds to the nearest, of two equally near ones to the even one; and denormal numbers to 0, as the instruction does.
ALWAYS_INLINE Bfloat16 narrow(float value) {
  const uint32_t bits = bits_of(value), magnitude = bits & 0x7fffffff;
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  // rounding could make infinity of a NaN
  const uint32_t quiet = (bits >> 16) | 0x40;
  const uint32_t number = magnitude < 0x00800000 ? bits >> 31 << 15 : rounded;
  return {static_cast<uint16_t>(magnitude > 0x7f800000 ? quiet : number)};
}

template <Machine machine>
ALWAYS_INLINE void narrow(const float* from, Bfloat16* to, int64_t count) {
  int64_t done = 0;
#if defined(TRAINYARD_AVX512)
  if (machine == Machine::avx512_bf16) done = narrow_by_instruction(from, to, count);
#endif
#pragma GCC ivdep
  for (int64_t at = done; at < count; ++at) to[at] = narrow(from[at]);
}

// Where a loop may write floats which then become numbers of type T at `to`.
constexpr int64_t buffer_size = 1024;
ALWAYS_INLINE float* output(float* to, float*) { return to; }
ALWAYS_INLINE float* output(Bfloat16*, float* buffer) { return buffer; }

template <Machine machine>
ALWAYS_INLINE void finish(const float*, float*, int64_t) {}
template <Machine machine>
ALWAYS_INLINE void finish(const float* from, Bfloat16* to, int64_t count) {
  narrow<machine>(from, to, count);
}

// A pass has a function `template <Machine machine> void run(int shard) const`. It and what it calls must be
// ALWAYS_INLINE, or they are compiled for the least of all processors.
template <typename Pass>
void run_anywhere(const Pass& pass, int shard) {
  pass.template run<Machine::any>(shard);
}

#if defined(TRAINYARD_AVX512)
template <typename Pass>
TRAINYARD_AVX2 void run_on_avx2(const Pass& pass, int shard) {
  pass.template run<Machine::avx2>(shard);
}

template <typename Pass, Machine machine>
TRAINYARD_AVX512 void run_on_avx512(const Pass& pass, int shard) {
  pass.template run<machine>(shard);
}

// The best that the processor is, and that oneDNN may use.
inline Machine machine() {
  static const Machine found = [] {
    const char* const set = std::getenv("ONEDNN_MAX_CPU_ISA");
    const std::string most = set ? set : "DEFAULT";
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (most == "SSE41" || most == "AVX" || !has_avx2) return Machine::any;
    if (most.compare(0, 4, "AVX2") == 0 || !has_avx512) return Machine::avx2;
    const bool may_use_bf16 = most != "AVX512_CORE" && most != "AVX512_CORE_VNNI";
    return may_use_bf16 && __builtin_cpu_supports("avx512bf16") ? Machine::avx512_bf16 : Machine::avx512;
  }();
  return found;
}

template <typename Pass>
auto compiled_pass() -> void (*)(const Pass&, int) {
  switch (machine()) {
    case Machine::avx512_bf16: return run_on_avx512<Pass, Machine::avx512_bf16>;
    case Machine::avx512: return run_on_avx512<Pass, Machine::avx512>;
    case Machine::avx2: return run_on_avx2<Pass>;
    default: return run_anywhere<Pass>;
  }
}
#else
template <typename Pass>
auto compiled_pass() -> void (*)(const Pass&, int) {
  return run_anywhere<Pass>;
}
#endif

// Runs a pass on all its shards, on several threads.
template <typename Pass>
void run_pass(const Pass& pass, int shards) {
  const auto run = compiled_pass<Pass>();
  for_each_shard(shards, [&](int shard) { run(pass, shard); });
}

}  // namespace trainyard
