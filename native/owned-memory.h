// Memory of tensors that ops of our own change in place.
//
// TensorFlow's C API gives an op no access to variables, only to the tensors that reading them gives. Such a tensor
// is the variable's own memory, but others may hold it too: a constant that the variable was assigned, or another
// variable with the same one. So the signatures that give variables their values end with TrainyardOwn, which copies
// a value to memory that nobody else has; and an op refuses to change any other memory.
#pragma once

namespace trainyard {

// True if the data of a tensor is of TrainyardOwn.
bool is_owned(const void* data);

}  // namespace trainyard
