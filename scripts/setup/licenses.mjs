import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './places.mjs'

const bundled = new Set()

/** Remembers the packages whose code esbuild has put into what it built. */
export function noteBundled({ inputs }) {
  for (const path of Object.keys(inputs)) {
    const [folder] = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path) ?? []
    if (folder) bundled.add(folder)
  }
}

/** The licences of the packages in the bundles, which ask to be passed on with their code. */
export function writeLicenses() {
  const parts = [...bundled].sort().map(folder => {
    const { name, version, license, author } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    )
    const text = licenseText(join(root, folder))
    const by = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`)
    return `${name} ${version}\nLicence: ${license}\n\n${text ?? `Copyright (c) ${by}`}`
  })
  const head = 'The files in dist/ contain code of these packages, under their own licences.'
  const line = `\n\n${'-'.repeat(80)}\n\n`
  writeFileSync(join(root, 'dist', 'THIRD_PARTY_LICENSES.txt'), `${[head, ...parts].join(line)}\n`)
}

function licenseText(folder) {
  const names = readdirSync(folder).filter(name => /^(licen[cs]e|notice|copying)/i.test(name))
  if (names.length === 0) return undefined
  return names.map(name => readFileSync(join(folder, name), 'utf8').trim()).join('\n\n')
}
