// Pinned versions of the native libraries: each wheel, its SHA-256, and the files that set-up unpacks.
// The CUDA list is the `and-cuda` extra of the TensorFlow wheel's own metadata.

const tensorflow = (project, tag, bytes, sha256) => ({
  project,
  version: '2.21.0',
  file: `${project.replaceAll('-', '_')}-2.21.0-cp313-cp313-${tag}.whl`,
  bytes,
  sha256,
  wanted:
    /^tensorflow\/(libtensorflow_(cc|framework)\.[^/]+|include\/(tensorflow\/c|tensorflow\/core\/platform|tsl\/platform|xla\/tsl\/c)\/.+\.h)$/,
})

const xgboost = (project, tag, bytes, sha256) => ({
  project,
  version: '3.4.1',
  file: `${project.replaceAll('-', '_')}-3.4.1-py3-none-${tag}.whl`,
  bytes,
  sha256,
  wanted: /^(xgboost\/lib|xgboost_\w+\.libs)\/[^/]+$/,
})

// what reads and runs a SavedModel on the processor, of a wheel that serves every format and device
const openvino = (tag, bytes, sha256) => ({
  project: 'openvino',
  version: '2026.4.1',
  file: `openvino-2026.4.1-22982-cp313-cp313-${tag}.whl`,
  bytes,
  sha256,
  wanted:
    /^openvino\/libs\/lib(openvino|openvino_c|openvino_(intel|arm)_cpu_plugin|openvino_(tensorflow|ir)_frontend|tbb\w*|hwloc)\.[\w.]+$/,
})

const cuda = (part, version, tag, bytes, sha256) => ({
  project: `nvidia-${part}-cu12`,
  version,
  file: `nvidia_${part.replaceAll('-', '_')}_cu12-${version}-py3-none-${tag}.whl`,
  bytes,
  sha256,
  // no headers or static libraries; TensorFlow's compiler (XLA) needs ptxas and libdevice
  wanted: /^nvidia\/\w+\/(lib\/[^/]+\.so[.\d]*|bin\/ptxas|nvvm\/libdevice\/.+)$/,
})

const manylinux2010 = 'manylinux2010_x86_64.manylinux_2_12_x86_64'
const manylinux2014 = 'manylinux2014_x86_64.manylinux_2_17_x86_64'

const cudaLibraries = [
  cuda(
    'cublas',
    '12.9.3.13',
    'manylinux_2_27_x86_64',
    581_217_458,
    'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
  ),
  cuda(
    'cuda-cupti',
    '12.8.90',
    manylinux2014,
    10_248_621,
    'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
  ),
  cuda(
    'cuda-nvcc',
    '12.9.86',
    manylinux2010,
    40_546_229,
    '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
  ),
  cuda(
    'cuda-nvrtc',
    '12.9.86',
    manylinux2010,
    89_568_129,
    '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
  ),
  cuda(
    'cuda-runtime',
    '12.9.79',
    manylinux2014,
    3_493_179,
    '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
  ),
  cuda(
    'cudnn',
    '9.28.0.42',
    'manylinux_2_27_x86_64',
    716_538_495,
    '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
  ),
  cuda(
    'cufft',
    '11.4.1.4',
    manylinux2014,
    200_877_592,
    'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
  ),
  cuda(
    'curand',
    '10.3.10.19',
    'manylinux_2_27_x86_64',
    68_295_626,
    '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
  ),
  cuda(
    'cusolver',
    '11.7.5.82',
    'manylinux_2_27_x86_64',
    338_117_415,
    '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
  ),
  cuda(
    'cusparse',
    '12.5.10.65',
    manylinux2014,
    366_465_088,
    '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
  ),
  cuda(
    'nccl',
    '2.32.3',
    'manylinux_2_27_x86_64',
    351_526_311,
    'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
  ),
  cuda(
    'nvjitlink',
    '12.9.86',
    manylinux2010,
    39_748_338,
    'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
  ),
]

/**
 * For each platform and kind, groups of wheels. Each group is unpacked into one cache folder, atomically. Without
 * an optional group, set-up goes on.
 */
export const engines = {
  'linux-x64': {
    cpu: {
      tensorflow: {
        wheels: [
          tensorflow(
            'tensorflow-cpu',
            'manylinux_2_27_x86_64',
            274_271_560,
            '05af7c26d35f4de910b5598c7b507e3981831a7b0f47fed9a405d995d51d7793',
          ),
        ],
        unpackedBytes: 860e6,
      },
      xgboost: {
        wheels: [
          xgboost(
            'xgboost-cpu',
            'manylinux_2_28_x86_64',
            5_796_137,
            '1f16331f5c6beb2b40fbd4bf2834333062d93c9eb38b76186a5c206841dc1809',
          ),
        ],
        unpackedBytes: 23e6,
      },
      openvino: {
        wheels: [
          openvino(
            'manylinux_2_28_x86_64',
            59_142_703,
            'a9b637846c579d7b81b17b6585e0c7b1947574e8d13cf83d7307ce50cd2c352e',
          ),
        ],
        unpackedBytes: 93e6,
        optional: true,
      },
    },
    cuda: {
      tensorflow: {
        wheels: [
          tensorflow(
            'tensorflow',
            'manylinux_2_27_x86_64',
            572_881_074,
            'e9d8da8dcab9650efb45f032ba70af2f016f907e6e0c6bda29dd101bba945406',
          ),
          ...cudaLibraries,
        ],
        unpackedBytes: 5.7e9,
      },
      xgboost: {
        wheels: [
          xgboost(
            'xgboost-cu12',
            'manylinux_2_28_x86_64',
            83_450_600,
            'd705ef627779d4c5fcbc5fe4b565c392fbb45ea304c353a03fccac5ec31812e4',
          ),
        ],
        unpackedBytes: 133e6,
      },
    },
  },
  'linux-arm64': {
    cpu: {
      tensorflow: {
        wheels: [
          tensorflow(
            'tensorflow',
            'manylinux_2_27_aarch64',
            282_213_003,
            'a10abdfb8b1189210c251021a3f153b7ccc52a8e6521351f3dc3331e8ba593e0',
          ),
        ],
        unpackedBytes: 890e6,
      },
      xgboost: {
        wheels: [
          xgboost(
            'xgboost-cpu',
            'manylinux_2_28_aarch64',
            5_386_310,
            '47b81860b18056f9425b34fe2905343bc7ee0118122ae09cf2e31c305ed49877',
          ),
        ],
        unpackedBytes: 19e6,
      },
      openvino: {
        wheels: [
          openvino(
            'manylinux_2_35_aarch64',
            30_333_747,
            'fc45339ff7d539de76e6d7b04135c120504c797cfc8c2a0dde3d2d616b30c758',
          ),
        ],
        unpackedBytes: 69e6,
        optional: true,
      },
    },
  },
  'darwin-arm64': {
    cpu: {
      tensorflow: {
        wheels: [
          tensorflow(
            'tensorflow',
            'macosx_12_0_arm64',
            223_766_900,
            'a145ed46c58192b7c3f9916d070caf4f6afc6dc7e5511f83dd97677f4c4947f4',
          ),
        ],
        unpackedBytes: 745e6,
      },
      xgboost: {
        wheels: [
          xgboost(
            'xgboost',
            'macosx_12_0_arm64',
            2_365_501,
            'a7afd7dbace0951c93aa85ffe046e54bc40893f5b51cd3e7991eb157bf9c7c7c',
          ),
        ],
        unpackedBytes: 9e6,
      },
      openvino: {
        wheels: [
          openvino(
            'macosx_11_0_arm64',
            33_341_974,
            '60496e3153122913c8a2fa69d86b3a77ccc4e2469db87d76eb8acb49a5d22d63',
          ),
        ],
        unpackedBytes: 108e6,
        optional: true,
      },
    },
  },
}
