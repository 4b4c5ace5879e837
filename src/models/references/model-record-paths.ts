const root = 'model-records'

/** Paths of what is recorded about a model beside its versions, which never change. */
export const modelRecordPaths = Object.assign(
  (name: string) => ({
    root: `${root}/${name}`,
    journal: `${root}/${name}/journal`,
    entry: (n: number) => `${root}/${name}/journal/${n}.json`,
    versions: `${root}/${name}/versions`,
    version: (version: number) => `${root}/${name}/versions/${version}`,
    annotation: (version: number, n: number) => `${root}/${name}/versions/${version}/${n}.json`,
  }),
  { root },
)
