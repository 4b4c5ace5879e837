import { relative } from 'node:path'

export interface DemoResult {
  /** Where `npm start` finds the data and the model; null if they are gone with the demo. */
  keptIn: string | null
  /** The folder that `npm start` uses unless TRAINYARD_DATA is set. */
  defaultFolder: string
  /** The address of `npm start`. */
  url: string
  modelId: string
  /** Run by `trainyard demo`, and not by `npm run demo`. */
  isCommandLine?: boolean
}

/** What a person can do after the demo: commands that work when they are pasted, in the folder of the checkout. */
export function nextSteps(result: DemoResult): string {
  const { keptIn, defaultFolder, url, modelId, isCommandLine } = result
  const [again, start] = isCommandLine
    ? ['trainyard demo --keep', 'trainyard start']
    : ['npm run demo -- --keep', 'npm start']
  if (keptIn === null) {
    return `  The demo has removed its data. What next?

    ${again.padEnd(22)}    # the same again, and the data sets and the model stay
    ${start.padEnd(22)}    # a server for your own jobs: ${url}, its key in ${quoted(defaultFolder)}/key

  README.md has a session with curl: upload, train, predict.
`
  }
  const folder = quoted(keptIn)
  const setting = keptIn === defaultFolder ? '' : `TRAINYARD_DATA=${folder} `
  return `  The data sets and the model are kept in ${folder}. What next? Start a server there:

    ${setting}${start}

  and in another terminal, let the model read a picture, then open ${url}/docs:

    curl -s ${url}/models/${modelId}/predict -H "Authorization: Bearer $(cat ${folder}/key)" \\
      -H 'Content-Type: image/png' --data-binary @examples/seven.png

  README.md goes on from there.
`
}

/** A path for a shell, relative if it is below this folder. */
function quoted(path: string): string {
  const short = relative(process.cwd(), path)
  const shown = short === '' || short.startsWith('..') ? path : short
  return /^[\w./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`
}
