/** One instruction of a Dockerfile, with its lines joined. */
export interface Instruction {
  name: string
  /** The text after the name. */
  value: string
}

export interface Stage {
  name: string
  /** An image, or the stage that this one continues. */
  from: string
  instructions: Instruction[]
}

/** The stages of a Dockerfile in their order. */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = []
  const withoutComments = text.replaceAll(/^#.*\n/gm, '')
  for (const line of withoutComments.replaceAll(/\\\n\s*/g, '').split('\n')) {
    const [, name, value] = /^([A-Z]+) +(.+)$/.exec(line) ?? []
    if (!name || !value) continue
    const [, from, stage] = /^(\S+) AS (\S+)$/.exec(value) ?? []
    if (name === 'FROM') stages.push({ name: stage!, from: from!, instructions: [] })
    else stages.at(-1)?.instructions.push({ name, value })
  }
  return stages
}

/** The instructions of a stage, after those of the stages that it continues. */
export function instructionsOf(stages: readonly Stage[], name: string): Instruction[] {
  const stage = stages.find(each => each.name === name)
  return stage ? [...instructionsOf(stages, stage.from), ...stage.instructions] : []
}

/** Whether a .dockerignore of names and `!` exceptions, without wildcards but `*`, leaves a path in the build context. */
export function isInContext(dockerignore: string, path: string): boolean {
  const patterns = dockerignore.split('\n').filter(line => line && !line.startsWith('#'))
  return patterns.reduce((included, pattern) => {
    const name = pattern.replace(/^!/, '')
    const matches = name === '*' || path === name || path.startsWith(`${name}/`)
    return matches ? pattern.startsWith('!') : included
  }, true)
}
