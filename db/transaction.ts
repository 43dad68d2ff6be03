import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type KyselyProps,
  type QueryExecutor,
  Transaction,
  TransactionBuilder,
  type TransactionSettings,
} from 'kysely'
import type { DB } from './types.ts'

/** What a transaction begins with. */
export type Settings = TransactionSettings & { organizationId?: string }

/**
 * Kysely, but that the statements of a transaction may be under way together: those that need nothing of one another are sent in the
 * order in which they are called, and nobody waits in between. Kysely itself sends one after the other was answered.
 */
export class PipelinedKysely extends Kysely<DB> {
  readonly #driver: Driver
  readonly #dialect: Dialect

  constructor(dialect: Dialect, driver: Driver) {
    super({ dialect: { ...dialect, createDriver: () => driver } })
    this.#dialect = dialect
    this.#driver = driver
  }

  override transaction(): TransactionBuilder<DB> {
    return this.#builder()
  }

  /**
   * Does something in a transaction whose last statement goes together with its commit.
   *
   * @param work returns what sends the last statement, and gives nothing but what that one answered: where it fails nothing is committed, but
   * where anything else does, everything is.
   * @param organizationId with whose it may be committed, where all of it is known when it ends (db/group-commit.ts).
   */
  async transact<T>(work: (trx: Transaction<DB>) => Promise<() => Promise<T>>, organizationId?: string): Promise<T> {
    return this.#builder(organizationId === undefined ? {} : { organizationId }).executeWithLast(work)
  }

  #builder(settings: Settings = {}): PipelinedTransactionBuilder {
    const dialect = this.#dialect
    const props = { config: { dialect }, dialect, driver: this.#driver, executor: this.getExecutor() }
    return new PipelinedTransactionBuilder(props, settings)
  }
}

class PipelinedTransactionBuilder extends TransactionBuilder<DB> {
  readonly #props: KyselyProps
  readonly #settings: Settings

  constructor(props: KyselyProps, settings: Settings = {}) {
    super(props)
    this.#props = props
    this.#settings = settings
  }

  override setAccessMode(accessMode: NonNullable<TransactionSettings['accessMode']>): TransactionBuilder<DB> {
    return new PipelinedTransactionBuilder(this.#props, { ...this.#settings, accessMode })
  }

  override setIsolationLevel(
    isolationLevel: NonNullable<TransactionSettings['isolationLevel']>,
  ): TransactionBuilder<DB> {
    return new PipelinedTransactionBuilder(this.#props, { ...this.#settings, isolationLevel })
  }

  override async execute<T>(work: (trx: Transaction<DB>) => Promise<T>): Promise<T> {
    return this.executeWithLast(async (trx) => {
      const result = await work(trx)
      return async () => result
    })
  }

  async executeWithLast<T>(work: (trx: Transaction<DB>) => Promise<() => Promise<T>>): Promise<T> {
    const { driver, executor } = this.#props
    return executor.provideConnection(async (connection) => {
      await driver.beginTransaction(connection, this.#settings)
      try {
        const last = await work(new Transaction<DB>({ ...this.#props, executor: on(connection, executor) }))
        const answered = last()
        const committed = driver.commitTransaction(connection)
        committed.catch(() => {}) // where the last statement failed, that is the reason
        const result = await answered
        await committed
        return result
      } catch (error) {
        await driver.rollbackTransaction(connection)
        throw error
      }
    })
  }
}

function on(connection: DatabaseConnection, executor: QueryExecutor): QueryExecutor {
  return executor.withConnectionProvider({ provideConnection: (consumer) => consumer(connection) })
}
