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
    const executor = this.getExecutor()
    const dialect = this.#dialect
    return new PipelinedTransactionBuilder({ config: { dialect }, dialect, driver: this.#driver, executor })
  }
}

class PipelinedTransactionBuilder extends TransactionBuilder<DB> {
  readonly #props: KyselyProps
  readonly #settings: TransactionSettings

  constructor(props: KyselyProps, settings: TransactionSettings = {}) {
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
    const { driver, executor } = this.#props
    return executor.provideConnection(async (connection) => {
      await driver.beginTransaction(connection, this.#settings)
      try {
        const result = await work(new Transaction<DB>({ ...this.#props, executor: on(connection, executor) }))
        await driver.commitTransaction(connection)
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
