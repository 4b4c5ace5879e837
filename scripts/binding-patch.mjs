// Edits to the binding of @tensorflow/tfjs-node-gpu 4.22.0, made on a copy before it is compiled.

export const bindingPatch = {
  'tfjs_backend.cc': [
    {
      // A failed TF_SessionRun returned without freeing its inputs and names: a client who sends
      // wrong shapes could grow a predictor without bound (test/engine/failed-run.test.ts).
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
