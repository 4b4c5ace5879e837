import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { labelOf, type Machine } from './machine.js'
import { resultsFolder } from './paths.js'
import type { Summary } from './statistics.js'

/** The results of a subject in a case. */
export interface Row extends Summary {
  case: string
  subject: string
  peakRssMb: number
  /** The subject's median time divided by Trainyard's; null if Trainyard did not run the case. */
  ratio: number | null
  /** Milliseconds of processor time of a step, and its ratio; other load hardly changes them. */
  processorMs?: number | null
  processorRatio?: number | null
}

export interface Report<R extends Row = Row> {
  bench: string
  date: string
  machine: Machine
  settings: Readonly<Record<string, unknown>>
  versions: Record<string, Readonly<Record<string, string>>>
  rows: R[]
  notRun: { case: string; subject: string; reason: string }[]
  warnings: string[]
}

/** Writes a report as JSON and as Markdown; returns the path of the Markdown file. */
export async function writeReport(report: Report, markdown: string): Promise<string> {
  const minute = report.date.slice(0, 16).replace(':', '')
  const path = join(resultsFolder, `${minute}-${report.bench}-${labelOf(report.machine)}`)
  await mkdir(resultsFolder, { recursive: true })
  await writeFile(`${path}.json`, `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(`${path}.md`, markdown)
  return `${path}.md`
}

export function heading({ bench, date, machine, settings, versions, warnings }: Report): string {
  const { cpu, cores, architecture, instructions, memoryGb, gpus, loadAverage, busy } = machine
  const facts = [
    `${cpu}, ${cores} cores, ${architecture}, ${memoryGb} GB; ${instructions.join(' ') || 'no known extensions'}`,
    `GPU: ${gpus.join('; ') || 'none'}`,
    `at the start: load average ${loadAverage.toFixed(2)}, ${(busy * 100).toFixed(0)} % of the cores busy`,
    Object.entries(settings)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    ...Object.entries(versions).map(
      ([subject, all]) =>
        `${subject}: ${Object.entries(all)
          .map(([name, version]) => `${name} ${version}`)
          .join(', ')}`,
    ),
  ]
  return [
    `# ${bench}, ${date.slice(0, 10)}`,
    '',
    ...warnings.map(warning => `**${warning}**\n`),
    ...facts.map(fact => `- ${fact}`),
    '',
  ].join('\n')
}

export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  // all other columns contain numbers
  const rule = columns.map(name => (['case', 'subject', 'goal'].includes(name) ? '---' : '---:'))
  return [line(columns), line(rule), ...rows.map(line), ''].join('\n')
}
