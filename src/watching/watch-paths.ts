const root = 'model-watch'

/** Paths of what is noted of the predictions of a model. */
export const watchPaths = Object.assign(
  (name: string) => ({
    root: `${root}/${name}`,
    settings: `${root}/${name}/settings.json`,
    samples: `${root}/${name}/samples`,
    sampleFile: (file: string) => `${root}/${name}/samples/${file}`,
    versions: `${root}/${name}/versions`,
    version: (version: number) => `${root}/${name}/versions/${version}`,
    day: (version: number, day: string) => `${root}/${name}/versions/${version}/${day}`,
    /** Counts of one day by one process. */
    counts: (version: number, day: string, part: string) =>
      `${root}/${name}/versions/${version}/${day}/${part}.json`,
  }),
  { root },
)
