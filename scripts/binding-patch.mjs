// Patches for the binding of @tensorflow/tfjs-node-gpu 4.22.0. Set-up applies them to a copy before it
// compiles the binding.

export const bindingPatch = {
  // A session may have options: a ConfigProto, such as for several devices, and the server that it runs on. Without
  // them, it is loaded as before.
  'tfjs_backend.h': [
    {
      before: `  napi_value LoadSavedModel(napi_env env, napi_value export_dir,
                            napi_value tags_value);
`,
      after: `  napi_value LoadSavedModel(napi_env env, napi_value export_dir,
                            napi_value tags_value, napi_value config_value,
                            napi_value target_value);
`,
    },
  ],
  'tfjs_binding.cc': [
    {
      before: `  // Load saved model takes 2 params: export_dir, tags:
  size_t argc = 2;
  napi_value args[2];
`,
      after: `  // Load saved model takes 2 params: export_dir, tags; and two that may be
  // undefined: the bytes of a ConfigProto, and a target.
  size_t argc = 4;
  napi_value args[4];
`,
    },
    {
      before: '  return backend->LoadSavedModel(env, args[0], args[1]);\n',
      after: '  return backend->LoadSavedModel(env, args[0], args[1], args[2], args[3]);\n',
    },
    {
      // by which src/engine/tensorflow.ts knows that the options are not passed over
      before: '  EXPORT_INT_PROPERTY(TF_FLOAT);\n',
      after: `  EXPORT_INT_PROPERTY(TF_FLOAT);
  AssignIntProperty(env, exports, "sessionOptions", 1);
`,
    },
  ],
  'tfjs_backend.cc': [
    {
      before: `                                       napi_value tags_value) {
  TF_SessionOptions *session_options = TF_NewSessionOptions();
`,
      after: `                                       napi_value tags_value,
                                       napi_value config_value,
                                       napi_value target_value) {
  TF_AutoStatus options_status;
  napi_valuetype config_type, target_type;
  ENSURE_NAPI_OK_RETVAL(env, napi_typeof(env, config_value, &config_type),
                        nullptr);
  ENSURE_NAPI_OK_RETVAL(env, napi_typeof(env, target_value, &target_type),
                        nullptr);
  void *config = nullptr;
  size_t config_size = 0;
  if (config_type != napi_undefined) {
    ENSURE_NAPI_OK_RETVAL(
        env,
        napi_get_typedarray_info(env, config_value, nullptr, &config_size,
                                 &config, nullptr, nullptr),
        nullptr);
  }
  std::string target;
  if (target_type != napi_undefined) {
    ENSURE_NAPI_OK_RETVAL(env, GetStringParam(env, target_value, target),
                          nullptr);
  }
  TF_SessionOptions *session_options = TF_NewSessionOptions();
  if (config_size > 0) {
    TF_SetConfig(session_options, config, config_size, options_status.status);
    if (TF_GetCode(options_status.status) != TF_OK) {
      TF_DeleteSessionOptions(session_options);
      NAPI_THROW_ERROR(env, "Invalid session options: %s",
                       TF_Message(options_status.status));
      return nullptr;
    }
  }
  if (!target.empty()) TF_SetTarget(session_options, target.c_str());
`,
    },
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
