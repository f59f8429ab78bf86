// The project's SDK with the token of the web session. A page makes only the areas that it needs:
// `new Enrollments(client())`.
import { Client } from "../../sdk/typescript/src/client.js";
import { forget, token } from "./api";

export { AkakoError } from "../../sdk/typescript/src/errors.js";

let made: Client | undefined;

/** Return the client of this server's API. A token that the server refused is not sent again. */
export function client(): Client {
  made =
    made ??
    new Client({
      baseURL: `${location.origin}/api`,
      allowHttp: location.protocol === "http:", // the page itself came the same way
      token,
      fetch: async (input, init) => {
        const response = await fetch(input, { ...init, credentials: "omit" });
        if (response.status === 401) forget();
        return response;
      },
    });
  return made;
}
