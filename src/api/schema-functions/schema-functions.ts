import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { generatedFolder } from '../../places.js'

/** Makes functions of schemas, such as validators and serializers. */
export interface SchemaCompiler<F> {
  /** Names everything beside the schema that determines the function: the library, its version, its options. */
  readonly id: string
  compile(schema: object): F
  /** Returns the source of a CommonJS module that exports the function. */
  generate(schema: object): string
  /** Loads what that source requires. */
  readonly require: NodeJS.Require
}

/** What the build writes: a CommonJS module for each function, which takes its own `module` and `require`. */
type GeneratedModule = (module: { exports: unknown }, require: NodeJS.Require) => void

const requireGenerated = createRequire(import.meta.url)

let files: ReadonlySet<string> | undefined
function isGenerated(file: string): boolean {
  files ??= new Set(existsSync(generatedFolder) ? readdirSync(generatedFolder) : [])
  return files.has(file)
}

/**
 * A function of a schema, made at its first use: loaded if the build has generated it, else compiled. Its file is
 * named by the content of the schema, so an older build has no effect other than that compiling takes time.
 */
export class SchemaFunction<F = unknown> {
  private made: F | undefined
  readonly file: string

  constructor(
    key: string,
    readonly compiler: SchemaCompiler<F>,
    readonly schema: object,
  ) {
    this.file = `${key}.cjs`
  }

  get isMade(): boolean {
    return this.made !== undefined
  }

  get isGenerated(): boolean {
    return isGenerated(this.file)
  }

  get(): F {
    this.made ??= this.isGenerated ? this.load() : this.compiler.compile(this.schema)
    return this.made
  }

  load(folder = generatedFolder): F {
    const module = { exports: {} as unknown }
    const define = requireGenerated(join(folder, this.file)) as GeneratedModule
    define(module, this.compiler.require)
    return module.exports as F
  }

  source(): string {
    const text = this.compiler.generate(this.schema)
    return `module.exports = (module, require) => {\n${text}\n}\n`
  }
}

/** All functions of this process: equal schemas share one. */
const functions = new Map<string, SchemaFunction>()

export function schemaFunction<F>(compiler: SchemaCompiler<F>, schema: object): SchemaFunction<F> {
  const key = digest(compiler.id, schema)
  const known = functions.get(key) ?? new SchemaFunction(key, compiler, schema)
  functions.set(key, known)
  return known as SchemaFunction<F>
}

export const schemaFunctions = (): readonly SchemaFunction[] => [...functions.values()]

export const digest = (id: string, content: unknown): string =>
  createHash('sha256').update(id).update(JSON.stringify(content)).digest('hex').slice(0, 32)

/**
 * Writes the functions of all schemas that this process has met, and then removes others: a server that starts
 * meanwhile finds complete files.
 */
export async function generateAll(folder = generatedFolder): Promise<void> {
  await mkdir(folder, { recursive: true })
  const present = new Set(await readdir(folder))
  for (const each of schemaFunctions()) {
    if (present.delete(each.file)) continue
    const unfinished = join(folder, `${each.file}.${process.pid}`)
    await writeFile(unfinished, each.source())
    await rename(unfinished, join(folder, each.file))
  }
  for (const file of present) await rm(join(folder, file))
}
