/** Key of a record: several words; records that belong together share the first ones. */
export type Key = readonly string[];

export interface Entry {
  key: Key;
  value: unknown;
}

const database_name = "atelier";
const store_name = "kept";

/** One store in IndexedDB; opened when first used, and again after the browser closed it. */
export class LocalDatabase {
  private opening: Promise<IDBDatabase> | null = null;

  constructor(private readonly factory: IDBFactory) {}

  /** Puts and deletes in one transaction, which is completed even if the page is being left. */
  change(puts: readonly Entry[], deletes: readonly Key[]): Promise<void> {
    return this.run<void>("readwrite", (store) => {
      for (const { key, value } of puts) store.put(value, [...key]);
      for (const key of deletes) store.delete([...key]);
      store.transaction.commit();
    });
  }

  /** Every key that begins with these words. */
  keys(prefix: Key): Promise<Key[]> {
    return this.run<Key[]>("readonly", (store, answer) => {
      const asked = store.getAllKeys(under(prefix));
      asked.onsuccess = () => answer(asked.result as string[][]);
    });
  }

  /** Every record whose key begins with these words. */
  read(prefix: Key): Promise<Entry[]> {
    return this.run<Entry[]>("readonly", (store, answer) => {
      const keys = store.getAllKeys(under(prefix));
      const values = store.getAll(under(prefix));
      values.onsuccess = () => answer(values.result.map((value, at) => ({ key: keys.result[at] as string[], value })));
    });
  }

  private async run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore, answer: (value: T) => void) => void): Promise<T> {
    const database = await this.open();
    return new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(store_name, mode);
      let result: T;
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(transaction.error ?? new Error("The browser gave up writing."));
      work(transaction.objectStore(store_name), (value) => {
        result = value;
      });
    });
  }

  private open(): Promise<IDBDatabase> {
    this.opening ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = this.factory.open(database_name, 1);
      request.onupgradeneeded = () => void request.result.createObjectStore(store_name);
      request.onerror = () => reject(request.error ?? new Error("The browser keeps nothing for this page."));
      request.onsuccess = () => {
        const database = request.result;
        database.onversionchange = () => this.forget(database);
        database.onclose = () => this.forget(database);
        resolve(database);
      };
    }).catch((error: unknown) => {
      this.opening = null;
      throw error;
    });
    return this.opening;
  }

  private forget(database: IDBDatabase): void {
    database.close();
    this.opening = null;
  }
}

/** An array sorts after every string. */
function under(prefix: Key): IDBKeyRange {
  return IDBKeyRange.bound([...prefix], [...prefix, []]);
}
