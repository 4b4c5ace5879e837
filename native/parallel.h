// Work in shards, on this thread and a few of our own. TensorFlow's C API gives no access to its threads, and to reach
// them by its C++ classes would crash with any other build of it than the one whose headers we compiled against.
//
// Who divides work decides on shards by its size alone, never by the number of threads: then sums over shards are
// the same for any number. Helpers sleep between the calls, so they take nothing from TensorFlow's own threads; while
// two ops run at once, as TensorFlow may, both are advanced by whoever is free.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace trainyard {

// While it lives, numbers below the smallest normal one count as 0, in what a thread reads and writes, as on
// TensorFlow's threads. Each thread has a setting of its own.
class FlushDenormals {
 public:
  FlushDenormals() : before_(read()) { write(before_ | flush); }
  ~FlushDenormals() { write(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__x86_64__)
  static constexpr uint64_t flush = 0x8040;
  static uint64_t read() { return _mm_getcsr(); }
  static void write(uint64_t value) { _mm_setcsr(static_cast<unsigned>(value)); }
#elif defined(__aarch64__)
  static constexpr uint64_t flush = uint64_t{1} << 24;
  static uint64_t read() {
    uint64_t value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void write(uint64_t value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
#else
  static constexpr uint64_t flush = 0;
  static uint64_t read() { return 0; }
  static void write(uint64_t) {}
#endif
  const uint64_t before_;
};

class Pool {
 public:
  // Of the whole process; never deleted, since its threads may still wait when the process ends.
  static Pool& get() {
    static Pool* const pool = new Pool(wanted_threads());
    return *pool;
  }

  // Calls work(shard) for each shard from 0 on, in any order and on several threads. `work` must not throw.
  template <typename Work>
  void run(int shards, const Work& work) {
    Job job = {[](const void* of, int shard) { (*static_cast<const Work*>(of))(shard); }, &work, shards};
    if (shards > 1 && helpers_ > 0) {
      add(job);
      run_shards(job);
      finish(job);
    } else {
      run_shards(job);
    }
  }

 private:
  struct Job {
    void (*call)(const void* work, int shard);
    const void* work;
    int shards;
    std::atomic<int> next{0};
    // helpers that may still read it; changed while `mutex_` is held
    std::atomic<int> readers{0};
  };

  explicit Pool(int threads) : helpers_(threads - 1) {
    for (int i = 0; i < helpers_; ++i) std::thread([this] { help(); }).detach();
  }

  // What TensorFlow takes too, by src/engine/environment.ts.
  static int wanted_threads() {
    const char* const set = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int threads = set ? std::atoi(set) : 0;
    return std::min(threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency()), 256);
  }

  static void run_shards(Job& job) {
    const FlushDenormals flush;
    for (int shard; (shard = job.next.fetch_add(1)) < job.shards;) job.call(job.work, shard);
  }

  void add(Job& job) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(&job);
      waiting_ = static_cast<int>(jobs_.size());
    }
    if (job.shards > 2) added_.notify_all();
    else added_.notify_one();
  }

  // Waits for the shards that helpers have begun.
  void finish(Job& job) {
    std::unique_lock<std::mutex> lock(mutex_);
    remove(job);
    if (job.readers == 0) return;
    lock.unlock();
    spin([&] { return job.readers == 0; });
    lock.lock();
    finished_.wait(lock, [&] { return job.readers == 0; });
  }

  void help() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      if (jobs_.empty()) {
        // the next pass over the same tensor follows within microseconds
        lock.unlock();
        spin([this] { return waiting_ > 0; });
        lock.lock();
        added_.wait(lock, [this] { return !jobs_.empty(); });
      }
      Job& job = *jobs_.front();
      ++job.readers;
      lock.unlock();
      run_shards(job);
      lock.lock();
      remove(job);
      if (--job.readers == 0) finished_.notify_all();
    }
  }

  // No thread takes it up any more. Called while `mutex_` is held.
  void remove(Job& job) {
    jobs_.erase(std::remove(jobs_.begin(), jobs_.end(), &job), jobs_.end());
    waiting_ = static_cast<int>(jobs_.size());
  }

  // Waits for at most 20 microseconds, less than it takes to wake a thread.
  template <typename Condition>
  static void spin(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(20);
    while (!condition() && std::chrono::steady_clock::now() < end) {
#if defined(__x86_64__)
      _mm_pause();
#endif
    }
  }

  const int helpers_;
  std::mutex mutex_;
  std::condition_variable added_;
  std::condition_variable finished_;
  std::vector<Job*> jobs_;
  std::atomic<int> waiting_{0};
};

// Calls work(shard) for each shard from 0 to shards - 1, in any order and on several threads.
template <typename Work>
void for_each_shard(int shards, const Work& work) {
  Pool::get().run(shards, work);
}

}  // namespace trainyard
