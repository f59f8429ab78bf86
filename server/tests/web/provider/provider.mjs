// An OpenID Connect provider on loopback: every login name is accepted and becomes the subject.
// Usage: node provider.mjs PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI
import Provider from "oidc-provider";

const [port, clientId, clientSecret, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["given_name", "family_name"] },
  // The claims are in the ID token, as Clerk puts them there.
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  cookies: { keys: ["for tests"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.org`,
      email_verified: !id.includes("Unverified"),
      given_name: "Adjoa",
      family_name: id,
    }),
  }),
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
