import { Area, type PageQuery } from "./area.js";
import { type Page, type Schemas, segment } from "./client.js";

export type NotificationQuery = PageQuery & { unread?: boolean };

/** The caller's notifications, which the server keeps for 90 days. */
export class Notifications extends Area {
  /** List the caller's notifications, newest first. */
  getNotifications(query?: NotificationQuery): Promise<Page<Schemas["Notification"]>> {
    return this.client.page("/notifications", query);
  }
  iterNotifications(query?: NotificationQuery): AsyncGenerator<Schemas["Notification"]> {
    return this.client.items("/notifications", query);
  }
  async getUnreadCount(): Promise<number> {
    const path = "/notifications/unread-count";
    return (await this.client.data<Schemas["UnreadCount"]>("GET", path)).count;
  }
  async markRead(notificationId: string): Promise<Schemas["Notification"]> {
    const path = `/notifications/${segment(notificationId)}/read`;
    return this.client.data("PUT", path, { json: { read: true } });
  }
  /** Mark all notifications as read; returns how many were unread. */
  async markAllRead(): Promise<number> {
    const path = "/notifications/read-all";
    return (await this.client.data<Schemas["Updated"]>("POST", path)).updated;
  }
}
