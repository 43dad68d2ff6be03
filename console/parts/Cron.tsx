import { useQuery } from '@tanstack/react-query'

/** A cron expression in words. They tell a person what is meant; when it runs, only the server's own times tell. */
export function CronWords({ expression }: { expression: string }) {
  const { data: words } = useQuery({
    queryKey: ['cron', expression],
    queryFn: async () => {
      const { default: cronstrue } = await import('cronstrue')
      return cronstrue.toString(expression, {
        throwExceptionOnParseError: false,
        use24HourTimeFormat: true,
        verbose: true,
      })
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
  return words === undefined ? null : <p className="quiet">In words: {words}. The next times are below.</p>
}
