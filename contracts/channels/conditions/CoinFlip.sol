// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICondition} from "../../interfaces/ICondition.sol";

/// @title A fair coin flip between two players, as an application inside a payment channel
/// @notice Each player commits to a secret. With both secrets known the coin is `keccak256(secretA, secretB)`: even, and
/// A wins; odd, and B wins. Off chain the players simply show each other their secrets and the loser pays. A player who
/// sees that it lost and keeps its secret gains nothing: the other one records its own secret here before `revealBy`,
/// and from then on wins by forfeit unless the second secret was recorded as well.
/// @dev Holds no money: a lock of kind 2 in a channel names it, and pays the lock's receiver what `resolve` says.
/// @custom:security `resolve` pays the named `winner` only. A secret shown in a transaction is public; it decides a game
/// only together with the other one, which is committed to already.
contract CoinFlip is ICondition {
    /// @notice What both players agree on.
    /// @param commitA keccak256 of A's 32-byte secret
    /// @param commitB keccak256 of B's 32-byte secret; must differ from A's
    /// @param revealBy last second at which a secret can be recorded, Unix time
    /// @param aWins the lock pays if A wins, else if B wins
    /// @param stake what the lock pays then, token units
    struct Terms {
        bytes32 commitA;
        bytes32 commitB;
        uint256 revealBy;
        bool aWins;
        uint256 stake;
    }

    /// @notice A secret was recorded in time for a game with this `revealBy`.
    event SecretRevealed(bytes32 indexed commitment, uint256 indexed revealBy, bytes32 secret);

    /// @notice The time to record secrets of this game is over.
    error RevealLate(uint256 timestamp, uint256 revealBy);
    /// @notice The evidence does not decide the game.
    error GameUndecided();

    /// @notice The secret recorded for a commitment and a `revealBy`; zero if none.
    mapping(bytes32 commitment => mapping(uint256 revealBy => bytes32)) public secretOf;

    /// @notice Record a secret. Anybody may: a commitment has one secret.
    function reveal(bytes32 secret, uint256 revealBy) external {
        if (block.timestamp > revealBy) revert RevealLate(block.timestamp, revealBy);
        bytes32 commitment = keccak256(abi.encode(secret));
        secretOf[commitment][revealBy] = secret;
        emit SecretRevealed(commitment, revealBy, secret);
    }

    /// @inheritdoc ICondition
    /// @dev terms = abi.encode(Terms); evidence = abi.encode(bytes32 secretA, bytes32 secretB), zero for the one that is
    /// not known. Reverts while the game is undecided; pays zero when the other side won.
    function resolve(bytes32, bytes calldata terms, bytes calldata evidence) external view returns (uint256 amount) {
        Terms memory game = abi.decode(terms, (Terms));
        (bytes32 secretA, bytes32 secretB) = abi.decode(evidence, (bytes32, bytes32));
        bool knownA = keccak256(abi.encode(secretA)) == game.commitA;
        bool knownB = keccak256(abi.encode(secretB)) == game.commitB;
        return _aWon(game, secretA, secretB, knownA, knownB) == game.aWins ? game.stake : 0;
    }

    function _aWon(Terms memory game, bytes32 secretA, bytes32 secretB, bool knownA, bool knownB)
        private
        view
        returns (bool)
    {
        // A copied commitment would let its copier know the other's secret as its own.
        if (game.commitA == game.commitB) revert GameUndecided();
        if (knownA && knownB) return uint256(keccak256(abi.encode(secretA, secretB))) & 1 == 0;
        if (block.timestamp <= game.revealBy) revert GameUndecided();
        bool recordedA = secretOf[game.commitA][game.revealBy] != 0;
        bool recordedB = secretOf[game.commitB][game.revealBy] != 0;
        // Both recorded: the secrets are public, there is no forfeit to claim.
        if (recordedA == recordedB) revert GameUndecided();
        return recordedA;
    }
}
