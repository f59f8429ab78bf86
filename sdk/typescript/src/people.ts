import { Area, type Changing, type DatedQuery, type Moment, type SearchQuery } from "./area.js";
import { type Page, type Schemas, segment, type Versioned } from "./client.js";

export type Role = "ADMIN" | "MENTOR" | "LEARNER";
export type Plan = "FREE" | "PRO" | "ENTERPRISE";
export type UserQuery = SearchQuery & {
  role?: Role | Role[];
  status?: "ACTIVE" | "INACTIVE" | "SUSPENDED" | "DELETED";
};
export type AuditQuery = DatedQuery & {
  actor?: string;
  resource?: string;
  resourceId?: string;
  action?: string;
};

/** The caller's own account. */
export class Auth extends Area {
  /** Fetch a user from Clerk: the caller, or without a token the one with this Clerk id. */
  sync(
    body: Schemas["SyncRequest"] = {},
  ): Promise<Versioned<Schemas["Profile"]> | Schemas["Synced"]> {
    return this.client.data("POST", "/auth/sync", { json: body });
  }
  getProfile(): Promise<Versioned<Schemas["Profile"]>> {
    return this.client.data("GET", "/auth/profile");
  }
  /** Everything that is stored about the caller. */
  exportMyData(): Promise<Schemas["PersonalData"]> {
    return this.client.data("GET", "/auth/export");
  }
  updateProfile(
    changes: Schemas["ProfileUpdate"],
    changing: Changing = {},
  ): Promise<Versioned<Schemas["Profile"]>> {
    return this.client.data("PUT", "/auth/profile", { json: changes, ...changing });
  }
}

/** Users and their dated roles, for administrators. */
export class Users extends Area {
  getUsers(query?: UserQuery): Promise<Page<Schemas["AdminUser"]>> {
    return this.client.page("/users", query);
  }
  iterUsers(query?: UserQuery): AsyncGenerator<Schemas["AdminUser"]> {
    return this.client.items("/users", query);
  }
  async getUser(userId: string): Promise<Versioned<Schemas["AdminUser"]>> {
    return this.client.data("GET", `/users/${segment(userId)}`);
  }
  async updateUser(
    userId: string,
    changes: Schemas["UserUpdate"],
    changing: Changing = {},
  ): Promise<Versioned<Schemas["AdminUser"]>> {
    return this.client.data("PUT", `/users/${segment(userId)}`, { json: changes, ...changing });
  }
  /** Assign a role, from now or a given moment, for good or until a given moment. */
  async assignRole(
    userId: string,
    role: Role,
    dates: { effectiveStartDate?: Moment; effectiveEndDate?: Moment } = {},
  ): Promise<Schemas["RoleAssigned"]> {
    return this.client.data("POST", `/users/${segment(userId)}/roles`, {
      json: { role, ...dates },
    });
  }
  /** End a role now; its history is kept. */
  async removeRole(userId: string, role: Role): Promise<Schemas["AdminUser"]> {
    return this.client.data("DELETE", `/users/${segment(userId)}/roles`, { query: { role } });
  }
}

/** Plans and what was used of them this month. */
export class Plans extends Area {
  getQuota(): Promise<Schemas["Quota"]> {
    return this.client.data("GET", "/auth/quota");
  }
  async setOrganizationPlan(organizationId: string, plan: Plan): Promise<Schemas["Organization"]> {
    const path = `/admin/organizations/${segment(organizationId)}`;
    return this.client.data("PUT", path, { json: { plan } });
  }
}

/** Who did what, for administrators. */
export class Audit extends Area {
  getEntries(query?: AuditQuery): Promise<Page<Schemas["AuditEntry"]>> {
    return this.client.page("/admin/audit", query);
  }
  iterEntries(query?: AuditQuery): AsyncGenerator<Schemas["AuditEntry"]> {
    return this.client.items("/admin/audit", query);
  }
}
