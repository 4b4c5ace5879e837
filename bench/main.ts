// `npm run bench -- train [--cases a,b] [--subjects x,y] [--rounds n] [--steps n]`
// `npm run bench -- submit [--seconds n]`
import { parseArgs } from 'node:util'
import { BenchError } from './failure.js'
import { benchSubmit } from './submit/submit.js'
import { cases, casesNamed } from './train/cases.js'
import { subjectNames } from './train/subjects.js'
import { benchTrain } from './train/train.js'

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      cases: { type: 'string' },
      subjects: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      steps: { type: 'string', default: '4' },
      seconds: { type: 'string', default: '20' },
    },
  })
  const bench = benches[positionals.join(' ') as keyof typeof benches]
  if (!bench) {
    const known = Object.keys(benches).join(' or ')
    throw new BenchError(`the bench is '${positionals.join(' ')}', expected: ${known}`)
  }
  const passed = await bench(values)
  if (!passed) process.exitCode = 1
}

type Values = Partial<Record<'cases' | 'subjects', string>> &
  Record<'rounds' | 'steps' | 'seconds', string>

const benches = {
  train: (values: Values) =>
    benchTrain({
      cases: chosen('cases', values.cases, casesNamed) ?? cases,
      subjects: chosen('subjects', values.subjects, subjectsNamed) ?? subjectNames,
      rounds: count('rounds', values.rounds),
      steps: count('steps', values.steps),
    }),
  submit: (values: Values) => benchSubmit({ seconds: count('seconds', values.seconds) }),
}

const subjectsNamed = (name: string) => subjectNames.filter(each => each === name)

function chosen<T>(
  option: string,
  list: string | undefined,
  named: (name: string) => readonly T[],
): readonly T[] | undefined {
  return list?.split(',').flatMap(name => {
    const found = named(name)
    if (found.length > 0) return found
    const known = option === 'cases' ? cases.map(each => each.name) : subjectNames
    throw new BenchError(`--${option}: there is no '${name}'; there are ${known.join(', ')}`)
  })
}

function count(option: string, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new BenchError(`--${option} is '${text}', expected a whole number above 0`)
}

// an exit, not the signal's end: it takes the subjects along
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
try {
  await main()
} catch (error) {
  process.exitCode = 1
  console.error(error instanceof BenchError ? `bench: ${error.message}` : error)
}
