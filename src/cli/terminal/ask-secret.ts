import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { exitCodes } from '../exit-codes.js'
import { CommandError } from '../failure.js'

interface AskingStreams {
  stdin: NodeJS.ReadStream
  stderr: NodeJS.WriteStream
}

/** Asks for a line without showing what is typed. Without a terminal, all of stdin is the answer. */
export async function askSecret(
  question: string,
  { stdin, stderr }: AskingStreams,
): Promise<string> {
  if (!stdin.isTTY) return (await text(stdin)).trim()
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: mute, terminal: true })
  stderr.write(question)
  try {
    return await new Promise<string>((resolve, reject) => {
      // the terminal is in raw mode, so Ctrl-C is no signal
      lines.once('SIGINT', () => reject(new CommandError('interrupted', exitCodes.interrupted)))
      lines.once('close', () => reject(new CommandError('no key was given', exitCodes.usage)))
      lines.once('line', line => resolve(line.trim()))
    })
  } finally {
    lines.close()
    stderr.write('\n')
  }
}
