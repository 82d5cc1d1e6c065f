// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Packed words of a channel
/// @dev duplex  slot0 = netA int111 (0..110) | netB int111 (111..221) | A's direction has a claim (222)
///                     | B's direction has a claim (223) | deadline uint32 (224..255)
///      simplex slot0 = net uint111 (0..110) | sent uint111 (111..221) | deadline uint32 (224..255)
///      slot1        = sentA uint112 (0..111) | sentB uint112 (112..223) | epoch uint30 (224..253)
///      proof word   = fingerprint of limit and root (0..207) | nonce uint48 (208..255)
///      claim word   = claimed uint112 (0..111) | resolved locks, one bit each (112..223) | latest uint32 (224..255)
library Slots {
    uint256 internal constant MASK111 = (1 << 111) - 1;
    uint256 internal constant MASK112 = (1 << 112) - 1;
    uint256 internal constant MASK208 = (1 << 208) - 1;
    uint256 internal constant MASK222 = (1 << 222) - 1;
    uint256 internal constant MASK224 = (1 << 224) - 1;
    uint256 internal constant BOTH_CLAIMS = 3 << 222;
    uint256 internal constant MAX_NET = (1 << 110) - 1;
    uint256 internal constant MAX_EPOCH = (1 << 30) - 1;
    /// @dev The maximum number of locks of one direction: the bits of a claim word without its two numbers.
    uint256 internal constant MAX_LOCKS = 112;
    /// @dev The value of the deadline field that marks a permanently closed channel.
    uint256 internal constant CLOSED = type(uint32).max;

    /// @dev Returns the deadline of a dispute or an exit; zero for none, `CLOSED` for a closed channel.
    function deadline(uint256 slot0) internal pure returns (uint256) {
        return slot0 >> 224;
    }

    /// @dev Returns the signed nets of a duplex channel.
    function nets(uint256 slot0) internal pure returns (int256 netA, int256 netB) {
        assembly ("memory-safe") {
            netA := sar(145, shl(145, slot0))
            netB := sar(145, shl(34, slot0))
        }
    }

    /// @dev Callers must have bounded both nets to int111.
    function packNets(int256 netA, int256 netB) internal pure returns (uint256) {
        return (uint256(netA) & MASK111) | ((uint256(netB) & MASK111) << 111);
    }

    /// @notice Returns the deposit of a simplex channel and the claimed part of it.
    function simplex(uint256 slot0) internal pure returns (uint256 net, uint256 claimed) {
        return (slot0 & MASK111, (slot0 >> 111) & MASK111);
    }

    /// @dev Replaces the claimed amount of a simplex channel.
    function withClaimed(uint256 slot0, uint256 claimed) internal pure returns (uint256) {
        return (slot0 & ~(MASK111 << 111)) | (claimed << 111);
    }

    /// @dev Returns the plain counter of one direction.
    function sent(uint256 slot1, bool fromB) internal pure returns (uint256 amount) {
        assembly ("memory-safe") {
            // Each counter has 112 bits.
            amount := and(shr(mul(112, fromB), slot1), 0xffffffffffffffffffffffffffff)
        }
    }

    /// @dev Replaces the plain counter of one direction.
    function withSent(uint256 slot1, bool fromB, uint256 amount) internal pure returns (uint256) {
        uint256 shift;
        assembly ("memory-safe") {
            shift := mul(112, fromB)
        }
        return (slot1 & ~(MASK112 << shift)) | (amount << shift);
    }

    /// @dev Returns the epoch that the next withdrawal or move must sign.
    function epoch(uint256 slot1) internal pure returns (uint256) {
        return (slot1 >> 224) & MAX_EPOCH;
    }

    /// @dev Returns the bit that marks a claim of one direction.
    function claimFlag(bool fromB) internal pure returns (uint256 flag) {
        assembly ("memory-safe") {
            flag := shl(add(222, fromB), 1)
        }
    }

    /// @dev Returns 208 bits of the hash of a proof's limit and root.
    function fingerprint(uint256 limit, bytes32 root) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(limit, root))) >> 48;
    }

    /// @notice Returns A's payout `clamp(netA - paidA + paidB, 0, netA + netB)`, and the total.
    function payoff(uint256 slot0, uint256 paidA, uint256 paidB) internal pure returns (uint256 payA, uint256 total) {
        (int256 netA, int256 netB) = nets(slot0);
        unchecked {
            // All terms are below 2^128, so the sums cannot overflow 256 bits.
            int256 sum = netA + netB;
            int256 pay = netA - int256(paidA) + int256(paidB);
            if (pay < 0) pay = 0;
            if (pay > sum) pay = sum;
            return (uint256(pay), uint256(sum));
        }
    }
}
