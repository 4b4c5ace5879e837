// Patches for the binding of @tensorflow/tfjs-node-gpu 4.22.0. Set-up applies them to a copy before it
// compiles the binding.

export const bindingPatch = {
  'tfjs_backend.cc': [
    {
      // A failed TF_SessionRun did not free its inputs and names, so a client that sends wrong shapes
      // could make a predictor grow without bound (test/engine/tensorflow.test.ts).
      before: `  if (TF_GetCode(tf_status.status) != TF_OK) {
    NAPI_THROW_ERROR(env, "Session fail to run with error: %s",
`,
      after: `  if (TF_GetCode(tf_status.status) != TF_OK) {
    for (TF_Tensor *value : input_values) TF_DeleteTensor(value);
    for (const char *name : input_op_name_array) delete[] name;
    for (const char *name : output_op_name_array) delete[] name;
    NAPI_THROW_ERROR(env, "Session fail to run with error: %s",
`,
    },
  ],
}
