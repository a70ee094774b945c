// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "FaceStream",
    platforms: [.iOS(.v18), .macOS(.v15), .visionOS(.v2)],
    products: [.library(name: "FaceStream", targets: ["FaceStream"])],
    dependencies: [.package(name: "Nowface", path: "../../../runtime_bindings/swift")],
    targets: [
        .target(name: "FaceStream", dependencies: ["Nowface"]),
        .testTarget(name: "FaceStreamTests", dependencies: ["FaceStream", "Nowface"]),
    ]
)
