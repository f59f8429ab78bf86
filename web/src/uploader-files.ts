// Files that are being uploaded, kept by the device so that a reload can go on with them.

const user = document.documentElement.dataset.user ?? "";
const STORE = "files";

function request<T>(made: IDBRequest<T>): Promise<T> {
  return new Promise((done, fail) => {
    made.onsuccess = () => done(made.result);
    made.onerror = () => fail(made.error);
  });
}

async function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const opening = indexedDB.open(`akako:${user}`, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const opened = await request(opening);
  const transaction = opened.transaction(STORE, mode);
  transaction.oncomplete = transaction.onabort = () => opened.close();
  return transaction.objectStore(STORE);
}

/** Keep a file. A device without room keeps nothing: the person chooses the file again. */
export function keepFile(key: string, file: File): void {
  store("readwrite")
    .then((files) => request(files.put(file, key)))
    .catch(() => undefined);
}

/** Return a kept file, if the device has it and can read it. */
export async function keptFile(key: string): Promise<File | undefined> {
  try {
    const found: unknown = await request((await store("readonly")).get(key));
    return found instanceof File ? found : undefined;
  } catch {
    return undefined;
  }
}

export function dropFile(key: string): void {
  store("readwrite")
    .then((files) => request(files.delete(key)))
    .catch(() => undefined);
}
