/** What native code needs to find its devices and its libraries. Everything else, secrets too, stays here. */
const PASSED_ON = [
  'CUDA_VISIBLE_DEVICES',
  'CUDA_DEVICE_ORDER',
  'HIP_VISIBLE_DEVICES',
  'ROCR_VISIBLE_DEVICES',
  'GGML_VK_VISIBLE_DEVICES',
  'GPU_DEVICE_ORDINAL',
  'ONEAPI_DEVICE_SELECTOR',
  'HSA_OVERRIDE_GFX_VERSION',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'PATH',
  // Drivers keep compiled kernels below these.
  'HOME',
  'USERPROFILE',
  'LOCALAPPDATA',
  'TMPDIR',
  'TEMP',
  'SYSTEMROOT',
]

/** The environment of the processes that run models. */
export function engineEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}
