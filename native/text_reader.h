// Reads files of text that are tables, such as those below /proc/net.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "batch.h"
#include "network_namespace.h"
#include "proc_file.h"

namespace sockdiag {

struct TextFile {
  std::string path;
  bool optional;  // that it is not there is no failure
};

struct TextQuestion {
  std::vector<TextFile> files;
  std::string start;  // how records start; see WalkLines
};

// The files, one behind the other. A batch is of one of them; the first row of its first batch is its header,
// or it has none if the file is empty.
class TextReader : public BatchReader {
 public:
  // The files are opened in the network namespace: below /proc/thread-self, they tell of that.
  TextReader(TextQuestion question, NetworkNamespace netns)
      : question_(std::move(question)), netns_(std::move(netns)) {}

  // Opens the files the first time, all at once, and closes them at the end, whatever that is.
  void Fill(Batch& batch) override;

  // After the read that it is at.
  void Cancel() override { cancelled_.store(true, std::memory_order_relaxed); }

  void Close() override { files_.clear(); }

 private:
  void Open();
  void OpenHere();
  bool IsOver() const;
  bool FillFromCurrent(Batch& batch);
  void ReadInto(Batch& batch);
  void TakeRecords(Batch& batch);

  const TextQuestion question_;
  const NetworkNamespace netns_;
  uint64_t inode_ = 0;
  bool is_open_ = false;
  std::vector<std::unique_ptr<Descriptor>> files_;  // none for one that is not there
  size_t current_ = 0;
  // Of the current one:
  bool is_begun_ = false;
  bool is_read_ = false;       // to its end
  uint64_t offset_ = 0;        // of what comes next
  std::vector<uint8_t> rest_;  // what was read, and not given out yet
  std::atomic<bool> cancelled_{false};
};

}  // namespace sockdiag
