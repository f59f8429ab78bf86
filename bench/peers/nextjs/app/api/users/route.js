import { answered, caller, effective, link, moment, paged } from "../../../lib/http";
import { prisma } from "../../../lib/prisma";

export const dynamic = "force-dynamic";

const shown = (user) => ({
  id: user.id,
  clerkId: user.clerkId,
  email: user.email,
  username: user.username,
  firstName: user.firstName,
  lastName: user.lastName,
  imageUrl: user.imageUrl,
  status: user.status,
  plan: user.plan,
  roles: effective(user.userRoles),
  createdAt: moment(user.createdAt),
  updatedAt: moment(user.updatedAt),
  userRoles: user.userRoles.map((role) => ({
    id: role.id,
    role: role.role,
    effectiveStartDate: moment(role.effectiveStart),
    effectiveEndDate: moment(role.effectiveEnd),
    assignedBy: role.assignedBy,
  })),
  lastSyncedAt: moment(user.lastSyncedAt),
});

const after = (at, id) => ({
  OR: [{ createdAt: { gt: at } }, { createdAt: at, id: { gt: id } }],
});

export const GET = (request) =>
  answered(request, async () => {
    await caller(request, "ADMIN");
    const query = request.nextUrl.searchParams;
    const limit = Number(query.get("limit") ?? 20);
    const order = query.get("order") ?? "desc";
    const search = query.get("search");
    const where = { deletedAt: null, ...(search && { searchKey: { contains: search } }) };
    let page = 1;
    let path = `/api/users?search=${search}&limit=${limit}`;
    let following = {};
    if (query.get("cursor")) {
      const [number, , , at, id] = JSON.parse(Buffer.from(query.get("cursor"), "base64url"));
      page = number;
      path = `/api/users?sort=createdAt&order=${order}&limit=${limit}`;
      following = after(new Date(at), id);
    }
    const [total, rows] = await Promise.all([
      prisma.user.count({ where }),
      prisma.user.findMany({
        where: { ...where, ...following },
        omit: { searchKey: true },
        include: { userRoles: { orderBy: [{ effectiveStart: "asc" }, { id: "asc" }] } },
        orderBy: [{ createdAt: order }, { id: order }],
        take: limit + 1,
      }),
    ]);
    return {
      body: paged(rows, page, limit, total, shown),
      headers: {
        "cache-control": "no-store",
        "x-quota-limit": "unlimited",
        link: link(path, page + 1, order, rows[limit - 1]),
      },
    };
  });
