import { PrismaPg } from "@prisma/adapter-pg";

import { PrismaClient } from "../generated/client";

const adapter = () =>
  new PrismaPg({ connectionString: process.env.BENCH_DATABASE_URL, max: 10 });

export const prisma = (globalThis.prisma ??= new PrismaClient({ adapter: adapter() }));
