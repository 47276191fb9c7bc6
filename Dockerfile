# One image, every role: `metering serve --roles …`. Built on the SDK, run on the smallest image with the runtime, as a user without rights.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig ./
COPY eng eng
COPY src src
RUN dotnet publish src/Host/Metering.Host.csproj -c Release -o /app && rm -rf /app/runtimes/osx-* /app/runtimes/win-* /app/runtimes/linux-s390x

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra
COPY --from=build /app /app
# The dedup cache and nothing else: it may be lost at any time.
VOLUME /data
USER app
ENV METERING_DATA=/data METERING_HTTP=0.0.0.0:8888 METERING_GRPC=0.0.0.0:8889
EXPOSE 8888 8889
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["/app/metering", "ready"]
ENTRYPOINT ["/app/metering"]
CMD ["serve", "--roles", "all"]
