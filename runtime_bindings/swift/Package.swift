// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "Nowface",
    platforms: [.iOS(.v17), .macOS(.v14), .visionOS(.v1)],
    products: [.library(name: "Nowface", targets: ["Nowface"])],
    targets: [
        // The C interface. The app links the library itself, as `nowface`.
        .systemLibrary(name: "CNowface"),
        .target(name: "Nowface", dependencies: ["CNowface"]),
        .testTarget(name: "NowfaceTests", dependencies: ["Nowface", "CNowface"]),
    ]
)
