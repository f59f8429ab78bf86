import { answered, link, moment, paged, tagOf } from "../../../../lib/http";
import { prisma } from "../../../../lib/prisma";

export const dynamic = "force-dynamic";

const shown = (level) => ({
  id: level.id,
  name: level.name,
  description: level.description,
  imageUrl: level.imageUrl,
  isActive: level.isActive,
  createdAt: moment(level.createdAt),
  updatedAt: moment(level.updatedAt),
});

export const GET = (request) =>
  answered(request, async () => {
    const query = request.nextUrl.searchParams;
    const page = Number(query.get("page") ?? 1);
    const limit = Number(query.get("limit") ?? 20);
    const where = { deletedAt: null, isActive: true };
    const [total, rows] = await Promise.all([
      prisma.level.count({ where }),
      prisma.level.findMany({
        where,
        orderBy: [{ createdAt: "asc" }, { id: "asc" }],
        skip: (page - 1) * limit,
        take: limit + 1,
      }),
    ]);
    const body = paged(rows, page, limit, total, shown);
    const tag = `W/"${tagOf(body)}"`;
    const headers = {
      etag: tag,
      "cache-control": "public, max-age=30",
      vary: "Authorization, Origin",
      link: link(`/api/education/levels?limit=${limit}`, page + 1, "asc", rows[limit - 1]),
    };
    if (request.headers.get("if-none-match") === tag) return { status: 304, body: null, headers };
    return { body, headers };
  });
