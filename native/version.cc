// Tells src/engine/native-ops.ts which ops the library has.
extern "C" int trainyard_ops_version() { return 3; }
