/** Turns query parameters into lists: `x=a&x=b` and `x=a,b` both become ['a', 'b']. */
export const splitLists =
  (...names: string[]) =>
  (request: { query: unknown }, _reply: unknown, done: () => void): void => {
    const query = request.query as Record<string, string | string[] | undefined>
    for (const name of names) {
      const raw = query[name]
      if (raw !== undefined) query[name] = [raw].flat().flatMap(text => text.split(','))
    }
    done()
  }
