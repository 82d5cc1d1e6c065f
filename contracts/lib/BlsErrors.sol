// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Errors of `Bls`: a hint does not fit, or a precompile rejects what was proven before
library BlsErrors {
    /// @notice Thrown when the hint of a signature is not below the modulus.
    error NonCanonicalHint();
    /// @notice Thrown when the hint of a signature is not a root of the right side or of its negative.
    error HintNotARoot();
    /// @notice Thrown when the hint of a signature has the other sign.
    error HintOfOtherSign();
    /// @notice Thrown when the pairing precompile rejects valid points.
    error PairingFailed();
    /// @notice Thrown when a precompile fails while a digest is hashed to the curve.
    error HashToCurveFailed();
    /// @notice Thrown when the modular exponentiation fails.
    error ModularExponentiationFailed();
    /// @notice Thrown when the hint of a key is not below the modulus.
    error NonCanonicalKeyHint();
    /// @notice Thrown when the hint of a key has the other sign.
    error KeyHintOfOtherSign();
    /// @notice Thrown when the hint of a key does not give a point of the curve.
    error KeyNotOnCurve();
    /// @notice Thrown when a key is on the curve and its hint says it is not.
    error KeyOnCurve();
    /// @notice Thrown when the hint of a key off the curve is not the root required.
    error KeyHintNotARoot();
    /// @notice Thrown when the precompile rejects a point known to be valid.
    error SubgroupCheckFailed();
    /// @notice Thrown when the precompile rejects a key known to be valid.
    error KeySubgroupCheckFailed();
}
