export default {
  compress: false,
  poweredByHeader: false,
  generateEtags: false,
  eslint: { ignoreDuringBuilds: true },
  typescript: { ignoreBuildErrors: true },
  experimental: { serverComponentsExternalPackages: ["pg", "@prisma/adapter-pg", "ioredis"] },
};
