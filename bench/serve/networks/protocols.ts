import type { BenchRequest, RunningServer } from '../server.js'

/** How an image is sent to a server, and what comes back. */
export interface NetworkProtocol extends Pick<RunningServer, 'probabilities'> {
  requestOf(port: number, file: Uint8Array, format: 'jpeg' | 'png'): BenchRequest
}

const urlOf = (port: number, path: string) => `http://127.0.0.1:${port}${path}`

interface Answer {
  probabilities: number[]
}

/** The file is the body. */
export const fileBody: NetworkProtocol = {
  requestOf: (port, body, format) => ({
    url: urlOf(port, '/predict'),
    headers: { 'content-type': `image/${format}` },
    body,
  }),
  probabilities: text => [(JSON.parse(text) as Answer).probabilities],
}

const boundary = 'boundary-of-the-bench'

/** A form with the file, answered by a list: BentoML joins the lists of requests. */
export const formBody: NetworkProtocol = {
  requestOf: (port, file, format) => ({
    url: urlOf(port, '/predict'),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="image.${format}"\r\nContent-Type: image/${format}\r\n\r\n`,
      ),
      file,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  }),
  probabilities: text => (JSON.parse(text) as Answer[]).map(({ probabilities }) => probabilities),
}

/** The Open Inference Protocol's binary extension: JSON, then the length of the file, then the file. */
export const oipBody: NetworkProtocol = {
  requestOf: (port, file) => {
    const header = JSON.stringify({
      inputs: [
        {
          name: 'file',
          shape: [1, 1],
          datatype: 'BYTES',
          parameters: { binary_data_size: file.length + 4 },
        },
      ],
      outputs: [{ name: 'probabilities', parameters: { binary_data: false } }],
    })
    const length = Buffer.alloc(4)
    length.writeUInt32LE(file.length)
    return {
      url: urlOf(port, '/v2/models/network/infer'),
      headers: {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': String(Buffer.byteLength(header)),
      },
      body: Buffer.concat([Buffer.from(header), length, file]),
    }
  },
  probabilities: text => [(JSON.parse(text) as { outputs: { data: number[] }[] }).outputs[0]!.data],
}
